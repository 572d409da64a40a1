"""`python -m dim_tf` is the command `dim-tf`."""

from dim_tf.commands.words import main

if __name__ == "__main__":
    main()
