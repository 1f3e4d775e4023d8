"""What the command `keras-gan` starts with: this module's name tells keras_gan to wait with importing Keras."""


def main() -> None:
    """Runs the command."""
    from keras_gan import startup

    startup.set_up_command()

    from keras_gan import cli

    cli.main()
