"""Package metadata."""

from setuptools import find_packages, setup

setup(
    name="dim_tf",
    version="0.1.0",
    description="Deep Image Matting (Xu et al., CVPR 2017) in TensorFlow 2 and Keras 3",
    license="MIT",
    python_requires=">=3.11",
    packages=find_packages(include=["dim_tf", "dim_tf.*"]),
    package_data={"dim_tf": ["assets/*"]},
    install_requires=[
        "tensorflow>=2.18",
        "keras>=3.13.1",  # older ones execute code from model files (CVE-2025-9905 and others)
        "numpy>=1.26",
        "opencv-python>=4.10",
        "pillow>=11.3",  # reads what is in a picture's file; AVIF since 11.3
        "scipy>=1.13",
        "absl-py>=2.1",
    ],
    extras_require={
        "cutout": ["pymatting>=1.1.12"],  # foreground colours
        "onnx": ["onnx>=1.16", "onnxruntime>=1.19"],  # --format=onnx, --runtime=onnx
        "heic": ["pillow-heif>=0.22"],  # phones' photos
        "tensorboard": ["tensorboard"],
        "ablations": ["matplotlib"],  # the plots of the report
        "accelerated": ["torch>=2.4"],  # recipes/accelerated
        "dev": [
            # pytest 9.2: pytest-xdist 3.8 no longer keeps groups together (its issue 1386)
            *("pytest>=8,<9.2", "pytest-xdist>=3.7", "ruff>=0.6", "hypothesis"),
            *("pymatting>=1.1.12", "matplotlib", "pillow-heif>=0.22"),
            *("onnx>=1.16", "onnxruntime>=1.19", "ai-edge-litert>=2"),
        ],
    },
)
