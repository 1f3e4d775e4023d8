"""The game again in NumPy float64, gradients by hand: what every backend's step must equal.

The networks are those of `conftest.make_networks` without batch norm and dropout: dense-relu-dense-sigmoid against
maxout-dense.
"""

import numpy as np


def sigmoid(a):
    return np.where(a >= 0, 1 / (1 + np.exp(-np.abs(a))), np.exp(-np.abs(a)) / (1 + np.exp(-np.abs(a))))


# Derivatives of each player's loss in each output, before the mean over the minibatch: of the discriminator's in its
# output r on data and f on samples, of the generator's in f.
DERIVATIVES = {
    "minimax": {
        "real": lambda r, f: sigmoid(r) - 1,
        "fake": lambda r, f: sigmoid(f),
        "generator": lambda r, f: -sigmoid(f),
    },
    "non_saturating": {
        "real": lambda r, f: sigmoid(r) - 1,
        "fake": lambda r, f: sigmoid(f),
        "generator": lambda r, f: sigmoid(f) - 1,
    },
    "least_squares": {"real": lambda r, f: r - 1, "fake": lambda r, f: f, "generator": lambda r, f: f - 1},
    "hinge": {
        "real": lambda r, f: -(r < 1).astype(float),
        "fake": lambda r, f: (f > -1).astype(float),
        "generator": lambda r, f: -np.ones_like(f),
    },
    "wasserstein": {
        "real": lambda r, f: -np.ones_like(r),
        "fake": lambda r, f: np.ones_like(f),
        "generator": lambda r, f: -np.ones_like(f),
    },
    "relativistic": {
        "real": lambda r, f: -sigmoid(f - r),
        "fake": lambda r, f: sigmoid(f - r),
        "generator": lambda r, f: -sigmoid(r - f),
    },
}


class NumpyGame:
    """Both players' weights and velocities, and one step of each kind."""

    def __init__(self, generator_weights, discriminator_weights, objective, weight=1.0, r1=0.0, rate=0.1, momentum=0.5):
        self.g = [w.astype("float64") for w in generator_weights]
        self.d = [w.astype("float64") for w in discriminator_weights]
        self.g_velocity = [np.zeros_like(w) for w in self.g]
        self.d_velocity = [np.zeros_like(w) for w in self.d]
        self.slopes, self.weight, self.r1 = DERIVATIVES[objective], weight, r1
        self.rate, self.momentum = rate, momentum

    def generate(self, z):
        w1, b1, w2, b2 = self.g
        hidden = np.maximum(z @ w1 + b1, 0)
        return sigmoid(hidden @ w2 + b2), hidden

    def discriminate(self, x, pieces=3):
        w1, b1, w2, b2 = self.d
        affine = (x @ w1 + b1).reshape(len(x), -1, pieces)
        return affine.max(-1) @ w2 + b2, affine

    def discriminator_backward(self, x, affine, d_logits):
        """Gradients of the weights and of x, given those of the logits."""
        w1, _, w2, _ = self.d
        winner = affine == affine.max(-1, keepdims=True)
        d_affine = (winner * (d_logits @ w2.T)[..., np.newaxis]).reshape(len(x), -1)
        hidden = affine.max(-1)
        return [x.T @ d_affine, d_affine.sum(0), hidden.T @ d_logits, d_logits.sum(0)], d_affine @ w1.T

    def discriminator_gradients(self, x, z):
        fake, _ = self.generate(z)
        outputs = self.discriminate(x)[0], self.discriminate(fake)[0]
        total = None
        for batch, kind in ((x, "real"), (fake, "fake")):
            _, affine = self.discriminate(batch)
            d_logits = self.weight * self.slopes[kind](*outputs) / len(batch)
            gradients, _ = self.discriminator_backward(batch, affine, d_logits)
            total = gradients if total is None else [a + b for a, b in zip(total, gradients, strict=True)]
        if self.r1:
            total = [a + b for a, b in zip(total, self.r1_gradients(x), strict=True)]
        return total

    def r1_gradients(self, x, pieces=3):
        """Of r1/2 mean |dD/dx|^2: a maxout net is linear around each x, with the winning columns for weights."""
        w1, b1, w2, b2 = self.d
        winners = self.discriminate(x)[1].argmax(-1) + pieces * np.arange(len(w2))  # (n, units): columns of w1
        to_w1, to_w2 = np.zeros_like(w1), np.zeros_like(w2)
        for columns in winners:
            slope = w1[:, columns] @ w2  # dD/dx, (size, 1)
            to_w1[:, columns] += self.r1 / len(x) * slope @ w2.T
            to_w2 += self.r1 / len(x) * w1[:, columns].T @ slope
        return [to_w1, np.zeros_like(b1), to_w2, np.zeros_like(b2)]

    def generator_gradients(self, z, x):
        fake, hidden = self.generate(z)
        logits, affine = self.discriminate(fake)
        slopes = self.slopes["generator"](self.discriminate(x)[0], logits)
        _, d_fake = self.discriminator_backward(fake, affine, slopes / len(z))
        d_out = d_fake * fake * (1 - fake)
        d_hidden = (d_out @ self.g[2].T) * (hidden > 0)
        return [z.T @ d_hidden, d_hidden.sum(0), hidden.T @ d_out, d_out.sum(0)]

    def _apply(self, weights, velocities, gradients):
        for weight, velocity, gradient in zip(weights, velocities, gradients, strict=True):
            velocity[...] = self.momentum * velocity - self.rate * gradient
            weight += velocity

    def discriminator_step(self, x, z):
        self._apply(self.d, self.d_velocity, self.discriminator_gradients(x, z))

    def generator_step(self, z, x):
        self._apply(self.g, self.g_velocity, self.generator_gradients(z, x))

    def simultaneous_step(self, x, z):
        d_gradients, g_gradients = self.discriminator_gradients(x, z), self.generator_gradients(z, x)
        self._apply(self.d, self.d_velocity, d_gradients)
        self._apply(self.g, self.g_velocity, g_gradients)
