"""What goes into an exported file and what comes out, whatever its format.

    rgb     [1, H, W, 3] float32, grey levels 0 to 255, sRGB
    trimap  [1, H, W, 1] float32, 0 background, 128 unknown, 255 foreground
    alpha   [1, H, W, 1] float32, 0 to 1; known pixels are those of the trimap
    scale   [1, H, W, 1] float32, from weights with certainty: the mean error of alpha that is to
            be expected at each pixel; 0 where the trimap is known

H and W are multiples of 32. The mean of the photo is subtracted in the file, alpha is clipped and
the known pixels are put back there: what is left to the caller is padding and cropping.
"""

RGB = "rgb"
TRIMAP = "trimap"
ALPHA = "alpha"
SCALE = "scale"

# Of ONNX: read by onnxruntime since 1.12; nothing newer is needed.
OPSET = 17
