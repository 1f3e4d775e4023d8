"""Adversarial nets: the game of "Generative Adversarial Nets" (Goodfellow et al. 2014) as a Keras model."""

from typing import Any

import keras

from keras_gan import backend, objectives
from keras_gan.models import checks
from keras_gan.models.averaging import SHARE
from keras_gan.models.metrics import GameMetrics
from keras_gan.models.minibatches import split
from keras_gan.models.players import looking_on, tensors, told
from keras_gan.models.step import Step, Stepping
from keras_gan.optimizers import TwoPlayerOptimizer, pair, serialize
from keras_gan.penalties import get as get_penalties

UPDATES = ("alternating", "simultaneous")


@keras.saving.register_keras_serializable("keras_gan")
class GAN(Stepping):
    """A generator and a discriminator, trained against each other by Algorithm 1 of the paper.

    One `train_step` is one iteration: k times, a step of the discriminator on a fresh minibatch of data and fresh
    noise; then a step of the generator on fresh noise. `model(z)` and `predict(z)` are the generator's samples for
    noise z.

    Losses of one's own: override `compute_discriminator_loss` or `compute_generator_loss`. A further network, an
    encoder for example, is trained by the player whose `generator_networks` or `discriminator_networks` names it.

    Args:
        generator: Keras model from noise, shape `(batch, dim)`, to samples shaped like (preprocessed) data: a tensor or
            a structure of tensors. With a condition c it is called with `[z, *c]`.
        discriminator: Keras model from a batch of data to what the objective judges by: for most, one logit for each
            example, shape `(batch, 1)`, no sigmoid. With a condition c it is called with `[x, *c]`.
        prior: `keras_gan.priors` distribution of the noise, or its name. Default: `Uniform`, of the generator's input.
        condition: `keras_gan.conditions` object: what both players are told. Default: nothing, the game learns p(x).
        preprocessing: Keras layer that takes a batch of data (uint8 images, say) to the scale of the generator's
            samples; saved with the model. Default: data are used as they are.
        seed: integer that fixes the noise of training and evaluation (dropout layers own their seeds). Default: from
            Python's `random`, which `keras.utils.set_random_seed` sets.
        augmentation: Keras layer that changes at random what the discriminator sees in training, data and samples
            alike: `keras_gan.layers.Augmentation` for example, where there are few data. Default: nothing is changed.

    Raises:
        ValueError: if the networks do not fit each other, the prior or the condition, or share weights.

    Example:

    ```python
    data = keras_gan.datasets.load("digits")
    generator, discriminator = keras_gan.networks.build("digits")
    gan = keras_gan.GAN(generator, discriminator, preprocessing=data.preprocessing)
    gan.compile()
    gan.fit(data.train, batch_size=100, epochs=10)
    images = gan.sample(16, seed=0)
    ```
    """

    shares_steps = True

    def compile(
        self,
        generator_optimizer: keras.optimizers.Optimizer | str | None = None,
        discriminator_optimizer: keras.optimizers.Optimizer | str | None = None,
        objective: Any = "minimax",
        penalties: Any = None,
        updates: str = "alternating",
        discriminator_steps: int = 1,
        discriminator_weight: float = 1.0,
        ema: float | None = None,
        ema_share: float = SHARE,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: bool | str = "auto",
        **kwargs: Any,
    ) -> None:
        """Says how the game is played. `compile()` alone is Algorithm 1 as the paper prints it, k = 1.

        Args:
            generator_optimizer: the generator's Keras optimizer. Default: one like the discriminator's, or
                `keras_gan.optimizers.SGD(0.1, momentum=0.5)` if neither is given.
            discriminator_optimizer: the discriminator's, another object. Default: one like the generator's.
            objective: `"minimax"`, `"non_saturating"`, `"least_squares"`, `"hinge"`, `"wasserstein"`, `"relativistic"`,
                or an object of `keras_gan.objectives` or of your own.
            penalties: objects of `keras_gan.penalties`, whose sum the discriminator also pays in training. Default:
                none, as in the paper.
            updates: `"alternating"` (Algorithm 1: the generator answers the updated discriminator) or `"simultaneous"`
                (one batch of samples and one forward pass serve both gradients, taken at the current parameters, as
                the 2014 code ran).
            discriminator_steps: k, steps of the discriminator per iteration, each on a minibatch of its own.
            discriminator_weight: factor on the discriminator's loss; 0.5 in the 2014 code.
            ema: decay in (0, 1) of an exponential moving average of the generator's weights, 0.999 for example. Then
                `sample`, `predict`, `evaluate` and `export` use the averaged weights. Compiled again with `ema`, the
                average is kept; without it, dropped.
            ema_share: of the updates so far that the average covers, in (0, 1], while that is a shorter time than the
                decay's: by default the last third of them; with 1 all count alike.
            run_eagerly: as in Keras.
            steps_per_execution: as in Keras: iterations per call of the compiled function. It is not k. On TensorFlow
                10 saves about a tenth of the time of a small network's step.
            jit_compile: as in Keras.
            **kwargs: none; names that other libraries use are answered with a hint.

        Raises:
            ValueError: for an unknown objective or mode, a discriminator that the objective cannot use, k < 1,
                simultaneous updates with k > 1, `ema` outside (0, 1), `ema_share` outside (0, 1], a negative or
                infinite learning rate, a network that no player trains, or Keras's `optimizer=` and `loss=`, which a
                game of two players has no use for.
        """
        checks.check_compile_arguments(kwargs)
        checks.check_game(updates, UPDATES, discriminator_steps, discriminator_weight)
        self.objective = objectives.get(objective)
        checks.check_output(self, self.objective)
        self.penalties = get_penalties(penalties)
        self.updates, self.discriminator_weight = updates, discriminator_weight
        self.discriminator_steps = self.minibatches_per_iteration = discriminator_steps
        self._set_average(ema, ema_share)
        self._jit_compile_asked = jit_compile  # "auto" means another thing on another backend: save what was asked
        players = TwoPlayerOptimizer(*pair(generator_optimizer, discriminator_optimizer, self.computes_in_float16))
        checks.check_learning_rates(players.generator, players.discriminator)
        checks.check_players(self)
        players.build_players(self.generator_variables, self.discriminator_variables)
        names = ("loss", "d_loss", "g_loss", *getattr(self.objective, "metric_names", ()))
        self.game_metrics = GameMetrics(names)
        super().compile(
            optimizer=players,
            run_eagerly=run_eagerly,
            steps_per_execution=steps_per_execution,
            jit_compile=jit_compile,
            auto_scale_loss=False,  # each player's loss has a scale of its own
        )

    # The game.

    @backend.step
    def train_step(self, data: Any) -> dict[str, Any]:
        """One iteration of Algorithm 1 on a batch of k minibatches."""
        x, y = self._data_and_labels(data)
        if self.updates == "simultaneous":
            logs = self.simultaneous_step(x, self._noise(x), y)
        else:
            minibatches = split(x, y, self.discriminator_steps)
            steps = [self.discriminator_step(m, self._noise(m), labels) for m, labels in minibatches]
            logs = {name: sum(step[name] for step in steps) / len(steps) for name in steps[0]}
            m, labels = minibatches[0]
            logs |= self.generator_step(self._noise(m), m, labels)
        self._update_averages()
        self.iterations.assign(self.iterations + 1)
        return self._log(logs, x)

    def discriminator_step(self, x: Any, z: Any, y: Any = None) -> dict[str, Any]:
        """One step of the discriminator, up its gradient of mean [log D(x) + log(1 - D(G(z)))].

        Args:
            x: minibatch of data, before preprocessing, shape `(m, ...)`.
            z: minibatch of noise, shape `(m, dim)`.
            y: what stands beside the data, for a condition or a loss of your own.

        Returns:
            Dict of scalars: `d_loss`, and the objective's metrics.
        """
        x, z, y = tensors(x, z, y)
        x, y, condition = self._minibatch(x, y)
        self._count(condition)
        with backend.without_gradient(), looking_on(self.generator_networks):
            samples, _ = self._generate(z, condition)
            real, fake = self.judged(x), self.judged(samples, z)

        def loss():
            real_output, fake_output, asked = self._judge_both(real, fake, condition)
            step = Step(x, samples, z, condition, y, fake_output, lambda: real_output)
            d_loss = self._discriminator_loss(step) + asked + self._further_penalties(step)
            return (self.optimizer.discriminator.scale_loss(d_loss),), (d_loss, self._standing(step))

        variables = self.discriminator_variables
        (gradients,), (d_loss, metrics) = backend.differentiate(loss, [variables], self._state)
        self.optimizer.apply(gradients, variables)
        return {"d_loss": d_loss, **metrics}

    def generator_step(self, z: Any, x: Any = None, y: Any = None) -> dict[str, Any]:
        """One step of the generator, down its gradient of mean log(1 - D(G(z))) or what stands in for it.

        Args:
            z: minibatch of noise, shape `(m, dim)`.
            x: minibatch of data, where the objective compares pairs, or a condition is made of them.
            y: what stands beside the data, for a condition or a loss of your own.

        Returns:
            Dict with the scalar `g_loss`.
        """
        x, z, y = tensors(x if self._generator_sees_data else None, z, y)
        x, y, condition = self._minibatch(x, y)

        def loss():
            samples, costs = self._generate(z, condition)
            fake_output, _ = self._judge(self.judged(samples, z), condition)
            step = Step(x, samples, z, condition, y, fake_output, lambda: self._judge(self.judged(x), condition)[0])
            g_loss = self._generator_loss(step) + costs
            return (self.optimizer.generator.scale_loss(g_loss),), g_loss

        variables = self.generator_variables
        with looking_on(self.discriminator_networks):
            (gradients,), g_loss = backend.differentiate(loss, [variables], self._state)
        self.optimizer.apply(gradients, variables)
        return {"g_loss": g_loss}

    def simultaneous_step(self, x: Any, z: Any, y: Any = None) -> dict[str, Any]:
        """One step of both players at the current parameters, from one forward pass, as the 2014 code ran.

        Args:
            x: minibatch of data, before preprocessing, shape `(m, ...)`.
            z: minibatch of noise, shape `(m, dim)`; its samples, and the dropout masks on them, serve both losses.
            y: what stands beside the data, for a condition or a loss of your own.

        Returns:
            Dict of scalars: what both single steps return.
        """
        x, z, y = tensors(x, z, y)
        x, y, condition = self._minibatch(x, y)
        self._count(condition)

        def loss():
            samples, costs = self._generate(z, condition)
            real_output, fake_output, asked = self._judge_both(self.judged(x), self.judged(samples, z), condition)
            step = Step(x, samples, z, condition, y, fake_output, lambda: real_output)
            d_loss = self._discriminator_loss(step) + asked + self._further_penalties(step)
            g_loss = self._generator_loss(step) + costs
            scaled = self.optimizer.discriminator.scale_loss(d_loss), self.optimizer.generator.scale_loss(g_loss)
            return scaled, (d_loss, g_loss, self._standing(step))

        players = self.discriminator_variables, self.generator_variables
        gradients, (d_loss, g_loss, metrics) = backend.differentiate(loss, players, self._state)
        for gradient, variables in zip(gradients, players, strict=True):
            self.optimizer.apply(gradient, variables)
        return {"d_loss": d_loss, "g_loss": g_loss, **metrics}

    def compute_discriminator_loss(self, step: Step) -> Any:
        """The loss that the discriminator minimises, without penalties and regularizers. Override it for one of yours.

        Args:
            step: everything that the step sees.

        Returns:
            Scalar.
        """
        return self.discriminator_weight * self.objective.discriminator(step.real_output, step.fake_output)

    def compute_generator_loss(self, step: Step) -> Any:
        """The loss that the generator minimises, without regularizers. Override it for one of your own.

        Args:
            step: everything that the step sees.

        Returns:
            Scalar.
        """
        if getattr(self.objective, "pairs", False):
            return self.objective.generator(step.fake_output, step.real_output)
        return self.objective.generator(step.fake_output)

    @backend.step
    def test_step(self, data: Any) -> dict[str, Any]:
        """Both losses and the objective's metrics on data not trained on, dropout off."""
        x, y = self._data_and_labels(data)
        x, y, condition = self._minibatch(x, y, training=False)
        z = backend.own_rows(lambda num: self.prior(num, self.evaluation_seed), checks.num_rows(x), even=False)
        samples = self(told(z, condition), training=False)
        shown = self.judged(x, training=False), self.judged(samples, z, training=False)
        real_output, fake_output = (self._judge(batch, condition, training=False)[0] for batch in shown)
        step = Step(x, samples, z, condition, y, fake_output, lambda: real_output, training=False)
        losses = {"d_loss": self._discriminator_loss(step), "g_loss": self._generator_loss(step)}
        return self._log({**losses, **self._standing(step)}, x)

    def get_compile_config(self) -> dict[str, Any]:
        if not self.compiled:
            return {}
        return {
            "generator_optimizer": serialize(self.optimizer.generator),
            "discriminator_optimizer": serialize(self.optimizer.discriminator),
            "objective": keras.saving.serialize_keras_object(self.objective),
            "penalties": [keras.saving.serialize_keras_object(penalty) for penalty in self.penalties],
            "updates": self.updates,
            "discriminator_steps": self.discriminator_steps,
            "discriminator_weight": self.discriminator_weight,
            "ema": self.ema,
            "ema_share": SHARE if self.average is None else self.average.share,
            "run_eagerly": self.run_eagerly,
            "steps_per_execution": self.steps_per_execution,
            "jit_compile": self._jit_compile_asked,
        }
