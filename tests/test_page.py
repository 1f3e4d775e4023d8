"""Pages that draw samples: their networks against Keras's, by NumPy, and in a real browser where there is one."""

import shutil

import keras
import numpy as np
import pytest

import keras_gan as kg
from keras_gan.artifacts import formats, page, runtime

pytestmark = pytest.mark.one_backend("jax")

SHAPE = (6, 5, 1)
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")


def randomized(*networks):
    rng = np.random.default_rng(0)
    for network in networks:
        for variable in network.variables:
            if "seed" not in variable.path:
                variable.assign(
                    rng.uniform(0.2, 0.9, variable.shape) * rng.choice([-1, 1], variable.shape)
                    if "variance" not in variable.path
                    else rng.uniform(0.5, 2, variable.shape)
                )
    return networks


def networks(classes=3):
    noise, label, image = keras.Input((4,)), keras.Input((classes,)), keras.Input(SHAPE)
    x = keras.layers.Concatenate()([noise, keras.layers.Rescaling(3.0, 0.5)(label)])
    x = keras.layers.BatchNormalization()(keras.layers.Dense(7, "relu")(x))
    x = keras.layers.LeakyReLU(0.2)(keras.layers.Dense(9, use_bias=False)(x))
    x = keras.layers.Activation("softplus")(keras.layers.Dense(8, "tanh")(x))
    x = keras.layers.Rescaling(0.2)(x)  # pixels far from black and white: every change of the noise shows
    x = keras.layers.Reshape(SHAPE)(keras.layers.Dense(30, "sigmoid")(x))
    generator = keras.Model([noise, label], x, name="generator")
    y = keras.layers.Concatenate()([keras.layers.Flatten()(image), label])
    y = keras.layers.Dropout(0.5)(kg.layers.Maxout(6, pieces=3)(y))
    body = keras.Sequential([keras.Input((6,)), keras.layers.ReLU(), kg.layers.UntiedBias(), keras.layers.Dense(1)])
    return randomized(generator, keras.Model([image, label], body(y), name="discriminator"))


def trained():
    gan = kg.GAN(*networks(), prior="normal", condition=kg.conditions.Labels(3), seed=1)
    gan.compile(generator_optimizer=keras.optimizers.SGD(0.0), discriminator_optimizer=keras.optimizers.SGD(0.0))
    gan.fit(np.random.default_rng(0).random((12, *SHAPE), "float32"), np.repeat([0, 1, 2], [6, 4, 2]), verbose=0)
    return gan


def test_every_layer_computes_what_keras_does():
    rng = np.random.default_rng(1)
    label = np.eye(3, dtype="float32")[rng.integers(0, 3, 20)]
    for network, size in zip(networks(), ((4,), SHAPE), strict=True):
        x = rng.normal(size=(20, *size)).astype("float32")
        program = page.Program()
        steps = program.network(network)["steps"]
        found = page.run(steps, np.concatenate(program.arrays), [x, label])
        expected = network.predict([x, label], verbose=0).reshape(20, -1)
        assert np.ptp(expected) > 0.1
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_page_is_a_model_that_is_loaded_and_exported(tmp_path):
    gan = trained()
    gan.export(tmp_path / "page.html", "page", {"data": {"name": "<b>numbers"}, "format": "keras"})
    text = (tmp_path / "page.html").read_text()
    assert "<title>A generator trained on &lt;b&gt;numbers</title>" in text
    assert text.count("<b>") == 0
    loaded = kg.load(tmp_path / "page.html")
    assert loaded.card["format"] == "page"
    np.testing.assert_allclose(loaded.sample(5, seed=3, condition=2), gan.sample(5, seed=3, condition=2), atol=1e-5)
    np.testing.assert_allclose(loaded.sample(5, seed=3), gan.sample(5, seed=3), atol=1e-5)
    for damaged in (
        text.replace('"dense"', '"dance"'),
        text.partition('id="weights"')[0],
        "",
        text.replace('"shape"', '"form"'),
    ):
        (tmp_path / "damaged.html").write_text(damaged)
        with pytest.raises(ValueError, match=r"damaged.html"):
            page.read(tmp_path / "damaged.html")[0]([np.zeros((2, 4)), np.zeros((2, 3))])


def test_what_a_page_does_not_know_is_refused_by_name(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")  # no npm
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def generator(*layers):
        return keras.Sequential([keras.Input((4,)), *layers])

    end = [keras.layers.Dense(30, "sigmoid"), keras.layers.Reshape(SHAPE)]
    path, prior = tmp_path / "page.html", kg.priors.Uniform(4)
    with pytest.raises(ValueError, match=r"the layer 'odd', a LayerNormalization.*as ONNX.*npm.*is not installed"):
        page.write(generator(keras.layers.LayerNormalization(name="odd"), *end), prior, path)
    with pytest.raises(ValueError, match=r"the activation 'gelu' of the layer 'odd'.*as ONNX"):
        page.write(generator(keras.layers.Dense(4, "gelu", name="odd"), *end), prior, path)
    with pytest.raises(ValueError, match=r"images of shape.*samples of shape \(30,\)"):
        page.write(generator(end[0]), prior, path)
    with pytest.raises(ValueError, match=r"Received: a Cube"):
        page.write(generator(*end), type("Cube", (kg.priors.Uniform,), {})(4), path)
    with pytest.raises(ValueError, match=r"one condition, Labels. Received: Condition"):
        page.write(networks()[0], prior, path, kg.conditions.Condition((3,)))
    assert not path.exists()


def test_a_discriminator_that_a_page_cannot_run_is_left_out(tmp_path):
    image = keras.Input(SHAPE)
    odd = keras.Model(image, keras.layers.Dense(1)(keras.layers.Flatten()(keras.layers.Conv2D(2, 2)(image))))
    generator = keras.Sequential([keras.Input((4,)), keras.layers.Dense(30), keras.layers.Reshape(SHAPE)])
    formats.export(generator, kg.priors.Uniform(4), tmp_path / "page.html", "page", discriminator=odd)
    assert '"discriminator": null' in (tmp_path / "page.html").read_text()


def only_on(backend, why):
    return pytest.mark.skipif(keras.backend.backend() != backend, reason=f"run once, on {backend}, {why}")


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None or DRIVER is None:
        pytest.skip("there is no Chromium with a ChromeDriver")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", "disable-background-networking"):
        options.add_argument(f"--{flag}")
    driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


def drawn(browser, z, labels):
    """The pixels that the open page draws of noise and labels."""
    script = """
        const [z, labels, done] = arguments;
        const shown = (image) => [...pixels(image)].filter((_, i) => i % 4 < channels);
        samplesOf(z, labels).then((images) => done(images.map(shown)), (error) => done(error.stack));
    """
    found = browser.execute_async_script(script, z.tolist(), labels)
    assert isinstance(found, list), found
    return np.array(found).reshape(len(z), *browser.execute_script("return program.shape"))


@only_on("jax", "which is imported fastest")
def test_in_a_browser(browser, tmp_path):
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.wait import WebDriverWait

    gan = trained()
    gan.export(tmp_path / "page.html", "page")
    browser.set_window_size(1400, 1000)
    browser.get((tmp_path / "page.html").as_uri())

    # The same noise gives Keras's pixels and logits.
    z, labels = gan.prior.draw(6, seed=0), [0, 1, 2, 0, 1, 2]
    samples = gan.generator.predict([z, np.eye(3)[labels]], verbose=0)
    logits = gan.discriminator.predict([samples, np.eye(3)[labels]], verbose=0).ravel()
    np.testing.assert_array_equal(drawn(browser, z, labels), np.round(255 * samples.astype("float64")))
    script = "return arguments[0].map((image, i) => logitOf(image, arguments[1][i]))"
    found = browser.execute_script(script, samples.reshape(6, -1).tolist(), labels)
    np.testing.assert_allclose(found, logits, rtol=1e-4, atol=1e-5)

    def image(name="chosen"):
        return browser.execute_script(f"return document.getElementById('{name}').toDataURL()")

    def press(name, *keys):
        browser.find_element("id", name).send_keys(*keys)

    def changes(name, *keys):  # the page draws after it has answered the key
        before = image()
        press(name, *keys)
        WebDriverWait(browser, 10).until(lambda _: image() != before, f"{name} changes nothing")

    # By keyboard alone: fresh samples, a class, a slider, a walk, a drawing.
    changes("draw", Keys.ENTER)
    buttons = browser.find_elements("css selector", "#classes button")
    assert [button.text for button in buttons] == ["Any", "0", "1", "2"]
    buttons[2].send_keys(Keys.SPACE)
    names = [button.get_attribute("aria-label") for button in browser.find_elements("css selector", "#samples button")]
    assert names == [f"Sample {number}, class 1" for number in range(1, 25)]
    for slider in ("direction-1", "walk"):
        changes(slider, *[Keys.ARROW_RIGHT] * 20)
    press("reset", Keys.ENTER)
    said = browser.find_element("id", "said")
    assert said.text == "Nothing is drawn yet."
    blank = image("pad")
    press("pad", Keys.SPACE, Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ARROW_LEFT)
    assert image("pad") != blank
    assert "It finds your drawing as a 1 more real than" in said.text
    browser.find_element("id", "copy").click()
    shown = browser.execute_script("return [...pixels(pad.image)].join() === [...pixels(state.image)].join()")
    assert shown
    browser.find_element("id", "clear").click()
    assert said.text == "Nothing is drawn yet."

    # A walk ends at the other sample.
    press("go", Keys.ENTER)
    browser.execute_async_script("setTimeout(arguments[0], 3500)")
    assert browser.execute_script("return state.z.every((value, i) => Math.abs(value - state.end[i]) < 1e-9)")

    # On a narrow screen nothing is cut off; nothing was fetched; nothing went wrong.
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 360, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    )
    assert browser.execute_script("return document.documentElement.scrollWidth") == 360
    assert browser.execute_script("return performance.getEntriesByType('resource').length") == 0
    assert browser.get_log("browser") == []


@pytest.fixture
def onnxruntime_web():
    try:
        runtime.load()
    except ValueError as error:
        pytest.skip(str(error))


@only_on("torch", "which writes ONNX")
def test_a_convolutional_generator_in_a_browser(browser, onnxruntime_web, tmp_path, monkeypatch):
    noise, label = keras.Input((4,)), keras.Input((3,))
    x = keras.layers.Concatenate()([noise, label])
    x = keras.layers.Reshape((3, 3, 2))(keras.layers.Dense(18, "relu")(x))
    x = keras.layers.BatchNormalization()(keras.layers.Conv2DTranspose(3, 4, 2, "same", activation="relu")(x))
    x = keras.layers.Conv2D(3, 3, padding="same", activation="sigmoid")(keras.layers.UpSampling2D()(x))
    (generator,) = randomized(keras.Model([noise, label], x, name="generator"))
    condition, prior = kg.conditions.Labels(3), kg.priors.Normal(4)
    formats.export(generator, prior, tmp_path / "page.html", "page", condition=condition)
    monkeypatch.setattr(page, "_LARGEST", 1 << 10)
    with pytest.raises(ValueError, match=r"up to 0 MB.*Export it as 'onnx'"):
        page.write(generator, prior, tmp_path / "large.html", condition)

    z, labels = prior.draw(6, seed=0), [0, 1, 2, 0, 1, 2]
    samples = generator.predict([z, np.eye(3)[labels]], verbose=0)
    np.testing.assert_allclose(kg.load(tmp_path / "page.html")(z, labels), samples, atol=1e-5)
    browser.get((tmp_path / "page.html").as_uri())
    np.testing.assert_array_equal(drawn(browser, z, labels), np.round(255 * samples.astype("float64")))
    assert np.ptp(samples) > 0.5

    # The page is used as that of a dense generator, and fetches nothing either.
    assert browser.find_element("id", "status").text == ""
    before = browser.execute_script("return document.getElementById('chosen').toDataURL()")
    browser.find_element("id", "walk").send_keys("\ue014" * 30)
    browser.execute_async_script("const done = arguments[0]; setTimeout(() => change().then(done), 200)")
    assert browser.execute_script("return document.getElementById('chosen').toDataURL()") != before
    assert browser.execute_script("return performance.getEntriesByType('resource').length") == 0
    assert browser.get_log("browser") == []
