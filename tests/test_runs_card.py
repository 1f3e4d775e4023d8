"""What a card says of a run."""

from keras_gan.runs import card


def test_no_folder_of_the_maker_is_told():
    recipe = {"epochs": 3, "data_path": "/home/ann/mnist.npz", "run_dir": None}
    command = ["/usr/bin/keras-gan", "train", "--data-path=/home/ann/mnist.npz", "--epochs", "3"]
    shorter, words = card.without_folders(recipe, command)
    assert shorter == {"epochs": 3, "data_path": "mnist.npz", "run_dir": None}
    assert words[1:] == ["train", "--data-path=mnist.npz", "--epochs", "3"]
    assert recipe["data_path"] == "/home/ann/mnist.npz"
