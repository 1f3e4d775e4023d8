"use strict";
// A network is a list of steps on vectors; keras_gan/artifacts/page.py writes it and says what each step does. A generator
// that is no such list is in the page as ONNX, and so is ONNX Runtime Web, which runs it.
const program = JSON.parse(document.getElementById("program").textContent);
const weights = (() => {
  const text = atob(document.getElementById("weights").textContent);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
})();

const ACTIVATIONS = {
  relu: (x) => Math.max(x, 0),
  sigmoid: (x) => 0.5 * (1 + Math.tanh(0.5 * x)),
  tanh: Math.tanh,
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
};

function dense(x, { kernel, bias, columns, pieces }) {
  const sums = Float64Array.from(weights.subarray(bias, bias + columns));
  for (let i = 0; i < x.length; i++) {
    if (x[i] === 0) continue; // most units of a ReLU layer
    const row = kernel + i * columns;
    for (let j = 0; j < columns; j++) sums[j] += x[i] * weights[row + j];
  }
  if (pieces === 1) return sums;
  const largest = new Float64Array(columns / pieces).fill(-Infinity);
  for (let j = 0; j < columns; j++) {
    const unit = Math.floor(j / pieces);
    if (sums[j] > largest[unit]) largest[unit] = sums[j];
  }
  return largest;
}

function run(network, inputs) {
  const values = inputs.map((x) => Float64Array.from(x));
  for (const step of network.steps) {
    const x = values[step.from[0]];
    if (step.op === "dense") values.push(dense(x, step));
    else if (step.op === "concatenate") values.push(Float64Array.from(step.from.flatMap((number) => [...values[number]])));
    else if (step.op === "scale") values.push(x.map((value, i) => value * weights[step.scale + i] + weights[step.shift + i]));
    else if (step.op === "leaky_relu") values.push(x.map((value) => (value > 0 ? value : step.slope * value)));
    else values.push(x.map(ACTIVATIONS[step.op]));
  }
  return values[values.length - 1];
}

const BOUND = Math.sqrt(3); // of the uniform prior, whose variance is 1

function normal() {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}

function onSphere(z) {
  const scale = Math.sqrt(z.length) / Math.hypot(...z);
  return z.map((value) => value * scale);
}

function noise() {
  const uniform = program.prior === "uniform";
  const z = Array.from({ length: program.dim }, () => (uniform ? BOUND * (2 * Math.random() - 1) : normal()));
  return program.prior === "spherical" ? onSphere(z) : z;
}

function withinPrior(z) {
  if (program.prior === "uniform") return z.map((value) => Math.min(BOUND, Math.max(-BOUND, value)));
  return program.prior === "spherical" ? onSphere(z) : z;
}

function between(a, b, t) {
  let [p, q] = [1 - t, t];
  if (program.prior !== "uniform") { // along a circle, because points between two normal draws are shorter than either
    const cosine = a.reduce((sum, value, i) => sum + value * b[i], 0) / (Math.hypot(...a) * Math.hypot(...b));
    const angle = Math.acos(Math.min(1, Math.max(-1, cosine)));
    if (angle > 1e-3) [p, q] = [Math.sin((1 - t) * angle) / Math.sin(angle), Math.sin(t * angle) / Math.sin(angle)];
  }
  return a.map((value, i) => p * value + q * b[i]);
}

const oneHot = (label) => program.shares.map((_, i) => (i === label ? 1 : 0));
const told = (x, label) => (program.shares ? [x, oneHot(label)] : [x]);

async function bytesOf(id) {
  const url = `data:application/octet-stream;base64,${document.getElementById(id).textContent}`;
  return (await fetch(url)).arrayBuffer();
}

async function started() {
  const wasm = new Blob([await bytesOf("wasm")]).stream().pipeThrough(new DecompressionStream("gzip"));
  const module = new Blob([await bytesOf("module")], { type: "text/javascript" });
  Object.assign(ort.env.wasm, {
    numThreads: 1, // more need headers that a file does not have
    wasmBinary: await new Response(wasm).arrayBuffer(),
    wasmPaths: { mjs: URL.createObjectURL(module) },
  });
  return ort.InferenceSession.create(new Uint8Array(await bytesOf("onnx")), { executionProviders: ["wasm"] });
}

const session = program.generator.steps ? null : started();

async function samplesOf(noises, labels) {
  if (!session) return noises.map((z, i) => run(program.generator, told(z, labels[i])));
  const given = noises.map((z, i) => told(z, labels[i]));
  const inputs = program.generator.names.map((name, k) => {
    const values = Float32Array.from(given.flatMap((parts) => parts[k]));
    return [name, new ort.Tensor("float32", values, [noises.length, program.generator.inputs[k]])];
  });
  const { samples } = await (await session).run(Object.fromEntries(inputs));
  const size = samples.data.length / noises.length;
  return noises.map((_, i) => samples.data.slice(i * size, (i + 1) * size));
}

const logitOf = (image, label) => run(program.discriminator, told(image, label)).reduce((sum, x, _, all) => sum + x / all.length, 0);

function drawnLabel() {
  if (!program.shares) return null;
  let left = Math.random();
  const label = program.shares.findIndex((share) => (left -= share) < 0);
  return label < 0 ? program.shares.length - 1 : label;
}

const [height, width, channels] = program.shape;

// Black and white: 0 and 1, or -m and m where values are negative, as keras_gan.figures.display_range says.
function pixels(image) {
  let low = 0, high = 1;
  if (image.some((value) => value < 0 || value > 1)) {
    high = image.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    low = -high;
  }
  const shown = new Uint8ClampedArray(4 * height * width).fill(255);
  for (let i = 0; i < height * width; i++)
    for (let c = 0; c < 3; c++)
      shown[4 * i + c] = Math.round((255 * (image[i * channels + Math.min(c, channels - 1)] - low)) / (high - low));
  return shown;
}

function show(canvas, image) {
  [canvas.width, canvas.height] = [width, height];
  canvas.getContext("2d").putImageData(new ImageData(pixels(image), width, height), 0, 0);
}

const $ = (id) => document.getElementById(id);
let walking = 0; // the next frame of a walk
const state = { label: null, samples: [], chosen: 0, start: [], end: null };

async function draw() {
  const drawn = Array.from({ length: 24 }, () => ({ z: noise(), label: state.label ?? drawnLabel() }));
  const images = await samplesOf(drawn.map(({ z }) => z), drawn.map(({ label }) => label));
  state.samples = drawn.map((sample, i) => ({ ...sample, image: images[i] }));
  $("samples").replaceChildren(...state.samples.map((sample, number) => {
    const button = document.createElement("button"), canvas = document.createElement("canvas");
    show(canvas, sample.image);
    button.append(canvas);
    const name = sample.label === null ? "" : `, class ${sample.label}`;
    button.setAttribute("aria-label", `Sample ${number + 1}${name}`);
    button.addEventListener("click", () => choose(number));
    return button;
  }));
  choose(0);
}

function choose(number) {
  state.chosen = number;
  [...$("samples").children].forEach((button, i) => button.setAttribute("aria-pressed", i === number));
  from(state.samples[number].z);
  judge();
}

function from(z) {
  cancelAnimationFrame(walking);
  [state.start, state.end] = [z, noise()];
  $("walk").value = 0;
  for (const slider of $("sliders").querySelectorAll("input")) slider.value = 0;
  change();
}

let changing = false, changed = false; // a slow generator makes the latest of the samples that are asked for meanwhile

async function change() {
  if (!state.samples.length) return; // the generator is starting
  let z = between(state.start, state.end, Number($("walk").value));
  [...$("sliders").querySelectorAll("input")].forEach((slider, k) => {
    z = z.map((value, i) => value + Number(slider.value) * program.directions[k][i]);
  });
  state.z = withinPrior(z);
  changed = true;
  if (changing) return;
  changing = true;
  while (changed) {
    changed = false;
    [state.image] = await samplesOf([state.z], [state.samples[state.chosen].label]);
    show($("chosen"), state.image);
  }
  changing = false;
}

function walk() {
  cancelAnimationFrame(walking);
  const begun = performance.now();
  const step = (now) => {
    const t = Math.min(1, (now - begun) / 3000);
    $("walk").value = t;
    change();
    if (t < 1) walking = requestAnimationFrame(step);
  };
  walking = requestAnimationFrame(step);
}

function classes() {
  $("classes").hidden = false;
  const choices = [["Any", null], ...program.shares.map((_, label) => [String(label), label])];
  const buttons = choices.map(([text, label]) => {
    const button = document.createElement("button");
    button.textContent = text;
    button.addEventListener("click", () => {
      state.label = label;
      buttons.forEach((other) => other.setAttribute("aria-pressed", other === button));
      draw();
    });
    return button;
  });
  buttons.forEach((button, i) => button.setAttribute("aria-pressed", i === 0));
  $("classes").querySelector("div").append(...buttons);
}

function sliders() {
  $("sliders").append(...program.directions.map((_, k) => {
    const row = document.createElement("div"), label = document.createElement("label"), slider = document.createElement("input");
    row.className = "slider";
    label.textContent = `Direction ${k + 1}`;
    label.htmlFor = slider.id = `direction-${k + 1}`;
    Object.assign(slider, { type: "range", min: -6, max: 6, step: 0.1, value: 0 });
    slider.addEventListener("input", change);
    row.append(label, slider);
    return row;
  }));
}

// The drawing pad. A pen is two pixels wide, with soft edges, as digits of MNIST are.
const pad = { image: new Float64Array(height * width * channels), pen: [Math.floor(width / 2), Math.floor(height / 2)], down: false, drawn: false };

function ink(x, y) {
  const radius = width / 20;
  for (let i = 0; i < height; i++)
    for (let j = 0; j < width; j++) {
      const dark = Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(j + 0.5 - x, i + 0.5 - y)));
      for (let c = 0; c < channels; c++) {
        const at = (i * width + j) * channels + c;
        pad.image[at] = Math.max(pad.image[at], dark);
      }
    }
  pad.drawn = true;
  showPad();
}

function showPad() {
  show($("pad"), pad.image);
  if (document.activeElement === $("pad")) {
    const context = $("pad").getContext("2d");
    context.fillStyle = pad.down ? "#ff7043" : "#26a69a";
    context.fillRect(pad.pen[0], pad.pen[1], 1, 1);
  }
  judge();
}

// Kept with the sample: the pen asks at every move.
function scoreOf(sample, label) {
  sample.scores ??= {};
  return (sample.scores[label] ??= logitOf(sample.image, label));
}

function judge() {
  if (!program.discriminator || !pad.drawn) return;
  const label = program.shares ? state.samples[state.chosen].label : null;
  const score = logitOf(pad.image, label);
  const below = state.samples.filter((sample) => scoreOf(sample, label) < score).length;
  const asked = label === null ? "" : ` as a ${label}`;
  $("said").textContent = `It finds your drawing${asked} more real than ${below} of the ${state.samples.length} samples above (logit ${score.toFixed(2)}).`;
  $("rank").value = below / state.samples.length;
}

function drawing() {
  $("judge").hidden = false;
  const canvas = $("pad");
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    ink(((event.clientX - box.left) / box.width) * width, ((event.clientY - box.top) / box.height) * height);
  };
  let held = false;
  canvas.addEventListener("pointerdown", (event) => { held = true; canvas.setPointerCapture(event.pointerId); at(event); });
  canvas.addEventListener("pointermove", (event) => { if (held) at(event); });
  for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => { held = false; });
  canvas.addEventListener("keydown", (event) => {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1], " ": [0, 0] };
    if (!(event.key in moves)) return;
    event.preventDefault();
    if (event.key === " ") pad.down = !pad.down;
    const [x, y] = moves[event.key];
    pad.pen = [Math.min(width - 1, Math.max(0, pad.pen[0] + x)), Math.min(height - 1, Math.max(0, pad.pen[1] + y))];
    if (pad.down) ink(pad.pen[0] + 0.5, pad.pen[1] + 0.5);
    else showPad();
  });
  for (const name of ["focus", "blur"]) canvas.addEventListener(name, showPad);
  $("clear").addEventListener("click", () => {
    pad.image.fill(0);
    pad.drawn = pad.down = false;
    showPad();
    $("said").textContent = "Nothing is drawn yet.";
    $("rank").value = 0;
  });
  $("copy").addEventListener("click", () => { pad.image.set(state.image); pad.drawn = true; showPad(); });
  showPad();
}

if (program.shares) classes();
sliders();
if (session) [$("status").hidden, $("status").textContent] = [false, "The generator is starting."];
draw().then(
  () => { $("status").hidden = true; },
  (error) => { [$("status").hidden, $("status").textContent] = [false, `This browser cannot run the generator: ${error.message}`]; },
);
if (program.discriminator) drawing();
$("draw").addEventListener("click", draw);
$("walk").addEventListener("input", change);
$("reset").addEventListener("click", () => from(state.start));
$("go").addEventListener("click", walk);
$("elsewhere").addEventListener("click", () => { from(state.z); walk(); });
