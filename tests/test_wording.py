from foi_tf.wording import count_noun, format_seconds


def test_nouns_follow_their_number():
    assert [count_noun(number, "command") for number in (0, 1, 2)] == [
        "0 commands", "1 command", "2 commands",
    ]  # fmt: skip
    assert [count_noun(number, "class", "classes") for number in (1, 3)] == ["1 class", "3 classes"]


def test_durations():
    assert [format_seconds(x) for x in (0.4, 59, 99, 155, 5000, 9000)] == [
        "0 s", "59 s", "99 s", "3 min", "83 min", "2.5 h",
    ]  # fmt: skip
