"""The network as a file for another runtime, with a card and a ten-line example beside it.

    dim-tf export --format=onnx

makes the folder deep_image_matting_onnx, for onnxruntime (pip install onnx).

For phones, whose accelerators need a fixed size:

    dim-tf export --format=litert --size=480,736 -o phone

For TensorFlow Serving, weights of your own:

    dim-tf export --format=saved_model --checkpoint=runs/blog -o serving
"""

from dim_tf.commands.script import Command, run_script
from dim_tf.config import ExportConfig
from dim_tf.system.errors import tell


def export(config: ExportConfig) -> None:
    """Makes the export and says where it is.

    Raises:
        InputError: see `export_network`.
    """
    from dim_tf.exports.export import check_export, export_network
    from dim_tf.model.checkpoint_choice import existing_checkpoint

    folder = config.out or f"deep_image_matting_{config.format}"
    check_export(config.format, folder)
    existing_checkpoint(config.checkpoint)
    if config.format != "onnx":  # which is written without TensorFlow
        from dim_tf.system.quiet import import_tensorflow

        import_tensorflow()
    file = export_network(
        folder,
        config.format,
        config.checkpoint,
        size=config.height_and_width,
        bn_eval=config.bn_eval,
    )
    megabytes = sum(path.stat().st_size for path in [file, *file.rglob("*")]) / 1e6
    tell(file, f"{megabytes:.1f} MB, README.md says how it is used, example.py does it")


COMMAND = Command(ExportConfig, export, aliases={"o": "out"})


if __name__ == "__main__":
    run_script(COMMAND)
