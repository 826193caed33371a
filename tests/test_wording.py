from foi_tf.wording import count_noun


def test_nouns_follow_their_number():
    assert [count_noun(number, "command") for number in (0, 1, 2)] == [
        "0 commands", "1 command", "2 commands",
    ]  # fmt: skip
    assert [count_noun(number, "class", "classes") for number in (1, 3)] == ["1 class", "3 classes"]
