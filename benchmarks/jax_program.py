"""Compares what XLA makes of `GAN.fit`'s step and of the hand-written JAX step: is it the same work, or more?

    KERAS_BACKEND=jax python benchmarks/jax_program.py

For each of them, it prints the floating-point operations and the bytes read and written that XLA counts in the compiled
program, and how many operations in it yield an array of at least 100,000 elements.
"""

import re

import jax
import keras
import numpy as np
import training

import keras_gan as kg


def main() -> None:
    images = np.zeros((training.BATCH, 28, 28, 1), "uint8")
    for updates in ("alternating", "simultaneous"):
        step, state = training.jax_step(updates, "float32")
        report(f"loop {updates}", step.lower(state, images.reshape(training.BATCH, -1)).compile())
        gan = kg.GAN(*kg.networks.build("mnist"), preprocessing=keras.layers.Rescaling(1 / 255))
        gan.compile(objective="non_saturating", updates=updates, discriminator_weight=0.5)
        groups = (gan.trainable_variables, gan.non_trainable_variables, gan.optimizer.variables, gan.metrics_variables)
        state = [[variable.value for variable in group] for group in groups]
        report(f"fit  {updates}", jax.jit(gan.train_step, donate_argnums=0).lower(state, (images,)).compile())


def report(name: str, program: jax.stages.Compiled) -> None:
    """Prints one line about a compiled program."""
    cost = program.cost_analysis()
    main_computation = program.as_text().split("ENTRY")[1]
    shapes = re.findall(r"= \(?f32\[([\d,]+)\]\S* (?!parameter)", main_computation)
    large = sum(np.prod([int(n) for n in shape.split(",")]) >= 100_000 for shape in shapes)
    print(f"{name:18s} {cost['flops'] / 1e9:.3f} GFLOP  {cost['bytes accessed'] / 1e6:.1f} MB  {large} large arrays")


if __name__ == "__main__":
    main()
