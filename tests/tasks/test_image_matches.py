import numpy as np
import pytest

from foi_tf.tasks import image_matches


def test_as_many_predictions_count_as_there_are_objects():
    truth = np.array([0, 0, 1, -1])  # Two objects of class 0, one of class 1, and a crowd.
    similarity = np.array([
        [0.9, 0.6, 0.0, 0.0],  # Finds the first object.
        [0.8, 0.0, 0.0, 0.0],  # A second time.
        [0.0, 0.7, 0.0, 0.0],  # The third of its class: there are two objects.
        [0.0, 0.0, 0.9, 0.0],  # Of the wrong class.
        [0.0, 0.0, 0.4, 0.0],  # Not similar enough.
    ])  # fmt: skip
    scores, labels = np.array([0.9, 0.8, 0.7, 0.6, 0.5]), np.array([0, 0, 0, 0, 1])
    found, total = image_matches.count_found(scores, labels, truth, similarity, 3)
    assert found.tolist() == [1, 0, 0] and total.tolist() == [2, 1, 0]
    # With the second prediction gone, the third one counts.
    scores[1] = 0
    found, _ = image_matches.count_found(scores, labels, truth, similarity, 3)
    assert found.tolist() == [2, 0, 0]


def test_predictions_of_crowds_do_not_count():
    truth = np.array([0, -1])
    similarity = np.array([[0.0, 0.9], [0.9, 0.0]])
    scores, labels = np.array([0.9, 0.1]), np.array([0, 0])
    found, total = image_matches.count_found(scores, labels, truth, similarity, 1)
    assert (found.tolist(), total.tolist()) == ([1], [1])


def test_an_object_is_found_by_what_is_most_similar():
    similarity = np.array([[0.6, 0.9], [0.6, 0.0]])
    found, _ = image_matches.count_found(
        np.array([0.9, 0.8]), np.zeros(2, int), np.zeros(2, int), similarity, 1
    )
    assert found.tolist() == [2]


def test_similarities_by_hand():
    boxes = np.array([[0, 0, 10, 10], [0, 0, 0, 0]])
    truth = np.array([[0, 5, 10, 15], [20, 20, 30, 30]])
    np.testing.assert_allclose(
        image_matches.box_similarity(boxes, truth), [[50 / 150, 0], [0, 0]], atol=1e-12
    )
    # One keypoint 3 pixels off and one hidden; COCO: exp(-d^2 / (2 area (2 sigma)^2)).
    marks = np.array([[[3.0, 0, 1], [9, 9, 1]]])
    annotated = np.array([[[0.0, 0, 2], [0, 0, 0]], [[0, 0, 0], [0, 0, 0]]])
    similarity = image_matches.keypoint_similarity(marks, annotated, np.array([100, 9]), [0.1, 0.1])
    assert similarity.tolist() == [[pytest.approx(np.exp(-9 / (2 * 100 * 0.04))), 0]]
