// @ts-check
/**
 * What the server says, in Chinese: what it assumed of a file, and why it refused one.
 *
 * A sentence is cut at "; " into parts. `{file}` and `{photo}` in a part take a name of `FILES`, other
 * places whatever stands there, which is translated itself where it is in `PARTS`.
 */

/** A file in a sentence → the same in Chinese. */
export const FILES = {
  "the photo": "照片",
  "the mask": "mask",
  "the trimap": "三分图",
  "the background": "“新背景”",
  "what GrabCut found in the photo": "GrabCut 在照片里找到的物体",
};

/** A part of a sentence, without its full stop → the same in Chinese. */
export const PARTS = {
  // Files.
  "{file} is not a picture": "{file} 文件不是图片",
  "it is empty": "文件是空的",
  "{file} is a web page, not a picture": "{file} 文件是网页，不是图片",
  "download the picture itself": "请下载图片本身",
  "{file} is {kind}, which is not read": "{file} 文件是 {kind}，这一种不能读取",
  "convert it to PNG": "请把它转换成 PNG",
  "give a picture of such a kind": "请换成其中一种",
  "give another picture": "请换一张图片",
  "a JPEG XL picture": "JPEG XL 图片",
  "a JPEG 2000 picture": "JPEG 2000 图片",
  "a Photoshop file": "Photoshop 文件",
  "a GIMP file": "GIMP 文件",
  "an OpenEXR picture": "OpenEXR 图片",
  "a Radiance HDR picture": "Radiance HDR 图片",
  "a PAM or PFM picture": "PAM 或 PFM 图片",
  "a PDF document": "PDF 文档",
  "a NumPy array": "NumPy 数组",
  "a BigTIFF picture": "BigTIFF 图片",
  "a camera's raw file": "相机的 RAW 文件",
  "an SVG drawing": "SVG 图形",
  "{file} is not a picture that can be read ({kinds})": "{file} 文件不是能够读取的图片（{kinds}）",
  "{file} is a HEIC picture, for which pillow-heif is needed": "{file} 文件是 HEIC 图片，读取它需要 pillow-heif",
  "install it with pip install pillow-heif, or convert the picture to PNG":
    "请在服务器上用 pip install pillow-heif 安装，或者把图片转换成 PNG",
  "{file} is a TIFF file that begins with a thumbnail, as cameras' raw files do":
    "{file} 是以缩略图开头的 TIFF 文件，相机的 RAW 文件就是这样",
  "{file} is damaged or cut short ({kind})": "{file} 已损坏或不完整（{kind}）",
  "copy or download it again": "请重新复制或下载",
  "{file} cannot be decoded": "{file} 无法解码",
  "it is damaged, cut short or of a rare kind, so save it anew as PNG ({kind})":
    "它已损坏、不完整，或者是少见的种类，请重新存成 PNG（{kind}）",
  "{file} is damaged: a part of the picture is missing (JPEG)": "{file} 已损坏：缺少图片的一部分（JPEG）",
  "{file} has no pixels, its size is {size}": "{file} 没有像素，尺寸是 {size}",
  "{file} has {type} pixels": "{file} 的像素类型是 {type}",
  "save it with 8 or 16 bits for each channel": "请存成每通道 8 位或 16 位",
  "{file} has values that are not finite": "{file} 里有不是有限数的数值",
  "{file} has values from {low} to {high}": "{file} 的数值从 {low} 到 {high}",
  "whole numbers go from 0 to 255": "整数应当在 0 到 255 之间",
  "floats go from 0 to 1": "浮点数应当在 0 到 1 之间",
  "The upload is larger than {limit} megabytes": "上传的文件合计超过了 {limit} MB",
  "make the files smaller (to raise the limit: {option})": "请把文件缩小（要提高上限：{option}）",
  "{file} claims {size} pixels, more than {limit} megapixels":
    "{file} 标明的尺寸是 {size} 像素，超过了 {limit} MP（百万像素）的上限",
  "make it smaller (to raise the limit: {option})": "请把它缩小（要提高上限：{option}）",

  // What is assumed of any picture.
  "it holds several pictures, the first is taken": "里面有多幅图，取第一幅",
  "its data is damaged, so that a part of the picture may be wrong (JPEG)":
    "数据有损坏，图片的一部分可能不对（JPEG）",
  "its colour profile cannot be used and is passed over": "颜色配置文件无法使用，已忽略",
  "its colour profile does not go with its pixels and is passed over":
    "颜色配置文件与像素不相配，已忽略",
  "its colours are made for HDR screens ({kind}), which is passed over":
    "颜色是为 HDR 屏幕（{kind}）制作的，这一点已忽略",
  "it is transparent in places and is put on white, as viewers show it":
    "有透明的部分，按看图软件的显示方式放在白底上",
  "it has 16 bits and values up to {largest} only, which are taken as those of {bits} bits":
    "是 16 位的，但数值最大只到 {largest}，按 {bits} 位处理",

  // Masks.
  "{file} is a photo in colours, not a mask": "打开的 {file} 文件是彩色照片，不能当作 mask",
  "a mask is white on the object and black on the background": "mask 里物体应当是白色，背景应当是黑色",
  "a mask is 255 on the object and 0 elsewhere": "mask 里物体应当是 255，其他地方应当是 0",
  "{file} is a picture in colours that cannot be told apart as labels":
    "{file} 是彩色图片，颜色分不成一个个标签",
  "save the mask as PNG, white on the object and black on the background":
    "请把 mask 存成 PNG，物体白色，背景黑色",
  "{file} has no labels that could be chosen among: it is made of shades":
    "{file} 里没有可以选择的标签：它由深浅不同的灰色组成",
  "leave `label` out": "请清空 `label`",
  "{file} has no label {label}": "{file} 里没有标签“{label}”",
  "it has {labels}": "里面的标签是 {labels}",
  "choose among these, or leave `label` out": "请从中选择，或者清空 `label`",
  "{file} holds the labels {labels}": "{file} 里有这些标签：{labels}",
  "say which are the object, such as {one} or {several} (if it is a trimap give it with `trimap`)":
    "请说明哪些是物体，例如 {one} 或 {several}（如果它是三分图，请用 `trimap` 打开）",
  "{file} has nothing beside {labels}": "{file} 里除了 {labels} 什么都没有",
  "choose fewer labels, of {labels}": "请从 {labels} 中少选几个",
  "{file} has the value {value} everywhere and shows no object, so its trimap has no unknown pixel":
    "{file} 处处都是 {value}，看不出物体，所以它的三分图里没有未知像素",
  "{file} has values from {low} to {high} only and shows no object":
    "{file} 的数值只在 {low} 到 {high} 之间，看不出物体",
  "it looks like a photo, not like a mask": "看上去是照片，不像 mask",
  "its values are those of a trimap": "数值是三分图的数值",
  "give it with `trimap` to have it used as it is": "要原样使用，请用 `trimap` 打开",
  "its transparent pixels are taken as black": "透明的像素当作黑色",
  "its transparency is taken as the mask": "以透明度作为 mask",
  "its label {label} is taken as the object": "把标签 {label} 当作物体",
  "its labels {labels} are taken as the object": "把标签 {labels} 当作物体",
  "its label {label} is taken as the object and {open}, void, as unknown":
    "把标签 {label} 当作物体，{open}（未标注）当作未知",
  "its labels {labels} are taken as the object and {open}, void, as unknown":
    "把标签 {labels} 当作物体，{open}（未标注）当作未知",
  "its values {values} are taken as {meant}": "数值 {values} 当作 {meant}",
  "its values from {low} to {high} are taken as 0 to 255": "从 {low} 到 {high} 的数值当作 0 到 255",
  "{count} pixels near 0 or 255 are taken as these": "接近 0 或 255 的 {count} 个像素当作 0 或 255",
  "{count} pixels near 0 or 255 are taken as these, as JPEG noise":
    "接近 0 或 255 的 {count} 个像素当作 0 或 255，视为 JPEG 噪声",
  "only {share} of what is bright in it is white, so nearly all of the object is left open":
    "亮的部分只有 {share} 是白色，所以几乎整个物体都是未知",
  "the matte is better where the mask is 255 on what is surely object":
    "确定是物体的地方在 mask 里是 255 时，matte 会更好",
  "it is white all along its border and black inside, so black is taken as the object ({option} if white is)":
    "四周边缘全是白色，里面是黑色，所以把黑色当作物体（如果白色才是物体，请设置 {option}）",
  "it is white along {share} of its border, as far as that is known":
    "四周边缘已知的部分有 {share} 是白色",
  "if its object is black give {option}": "如果物体是黑色的，请设置 {option}",

  // Trimaps.
  "{file} is a {kind} in colours, not a trimap": "打开的 {file} 文件是彩色 {kind}，不能当作三分图",
  "picture": "图片",
  "cut-out": "抠图结果",
  "a trimap is white on the object, black on the background and grey (128) where it is unknown (a cut-out is given with `mask`)":
    "三分图里物体应当是白色，背景是黑色，未知处是灰色（128）；抠图结果请用 `mask` 打开",
  "{file} has the values {values}, and which of them is unknown and which the object cannot be told":
    "{file} 的数值是 {values}，看不出哪个是未知，哪个是物体",
  "a trimap is 0 on the background, 128 where it is unknown and 255 on the object":
    "三分图里背景应当是 0，未知处是 128，物体是 255",
  "its values {values} are taken as {meant}, by where they lie": "按所在的位置，数值 {values} 当作 {meant}",
  "its values {values} are taken as {meant} ({option} if object and background are exchanged)":
    "数值 {values} 当作 {meant}（如果物体和背景反了，请设置 {option}）",
  "its values {values} are taken as {meant}, by where they lie ({option} if object and background are exchanged)":
    "按所在的位置，数值 {values} 当作 {meant}（如果物体和背景反了，请设置 {option}）",
  "its {count} pixels of other values as unknown": "其他数值的 {count} 个像素当作未知",
  "{count} pixels were almost but not quite 0, 128 or 255 and are taken as these":
    "{count} 个像素接近但不等于 0、128 或 255，已改成这些数值",
  "its values are noisy, as in a JPEG or after resizing: {moved} pixels near 0, 128 or 255 are taken as these, {between} between them as unknown":
    "数值有噪声，像是 JPEG 或缩放造成的：接近 0、128 或 255 的 {moved} 个像素改成这些数值，介于其间的 {between} 个当作未知",
  "{file} is no trimap: {count} of its {all} pixels are neither 0, 128 nor 255 (such as {values})":
    "打开的文件不能当作三分图：{all} 个像素中有 {count} 个不是 0、128 或 255（例如 {values}）",
  "if it is a mask or matte give it with `mask`, and labels with `mask` and `label`":
    "如果它是 mask 或 matte，请用 `mask` 打开，有标签时再设置 `label`",
  "{file} has no unknown pixel (128), so there is nothing to predict: it holds {values}":
    "{file} 里没有未知像素（128），所以没有什么可算：里面的数值是 {values}",
  "paint the object's edge 128": "请把物体的边缘涂成 128",
  "paint the object's edge 128, or give it with `mask` as a mask":
    "请把物体的边缘涂成 128，或者用 `mask` 把它作为 mask 打开",
  "paint the object's edge 128, or give it with `mask` as a mask and choose its `label`":
    "请把物体的边缘涂成 128，或者用 `mask` 把它作为 mask 打开，并设置 `label`",
  "only {value}": "{value}",
  "{file} loses all its unknown pixels when it is brought to its photo's size":
    "{file} 缩放到照片的尺寸后，未知像素全部消失了",
  "give a trimap of that size, or a wider unknown band": "请换一张同样尺寸的三分图，或者把未知带画宽一些",
  "its transparency is taken as the trimap": "以透明度作为三分图",
  "its transparency is ignored": "透明度已忽略",
  "it has no {missing}": "没有 {missing}",
  "its trimap has no {missing}": "它的三分图没有 {missing}",
  "foreground (255)": "前景（255）",
  "background (0)": "背景（0）",
  "foreground (255) and no background (0)": "前景（255），也没有背景（0）",
  "the matte is better where some is marked": "标出一些，matte 会更好",
  "the matte is better where some is left": "保留一些，matte 会更好（例如把未知带设窄一些）",
  "The trimap made from {file} has no unknown pixel": "由 {file} 生成的三分图没有未知像素",
  "give a larger `trimap_kernel`, such as {width}": "请设置更大的 `trimap_kernel`，例如 {width}",

  // Both on the photo.
  "it is a mask and {file} a photo": "它其实是 mask，作为 {file} 打开的才是照片",
  "`photo` and {field} are exchanged": "`photo` 和 {field} 给反了，已经对调",
  "it lacks the EXIF orientation of {file} and is turned like it": "它不带 {file} 那样的 EXIF 方向，已和 {file} 一样旋转",
  "{file} lacks its EXIF orientation, so it is taken as stored":
    "它带的 EXIF 方向 {file} 没有，所以不旋转它，按它存储的样子使用",
  "it is {turned}, as its edges lie on {file} so": "已{turned}，这样它的边缘才与 {file} 吻合",
  "mirrored left to right": "左右翻转",
  "mirrored upside down": "上下翻转",
  "mirrored and turned": "翻转并旋转",
  "turned by 180°": "旋转 180°",
  "turned by 90° to the right": "向右旋转 90°",
  "turned by 90° to the left": "向左旋转 90°",
  "only one of it and {file} has an EXIF orientation, but its edges lie on the photo as it is, so it is not turned":
    "它和 {file} 只有一个带 EXIF 方向，但它的边缘本来就与照片吻合，所以没有旋转",
  "its {own} pixels are resized to the photo's {size}": "{own} 像素已缩放到照片的 {size}",
  "{file} may have been made from {photo} as it is stored or as it is seen, and their edges do not tell":
    "{file} 可能是根据 {photo} 存储时的样子做的，也可能是根据它显示时的样子做的，从边缘看不出来",
  "give {turned} to turn it like the photo, or {stored} to leave it as it is":
    "要与照片一样旋转，请选 {turned}；要保持原样，请选 {stored}",
  "{photo} is {size} pixels and {file} {own}": "{photo} 是 {size} 像素，{file} 是 {own}",
  "{file} does not fit on {photo} with {option}": "{option} 时，{file} 的尺寸与 {photo} 不符",
  "give {option}": "请改成 {option}",
  "give two pictures of the same size": "请用同样尺寸的两张图片",
  "is one of them turned": "是不是其中一张旋转过",

  // Rectangles.
  "GrabCut took {share} of it as the object": "GrabCut 把其中的 {share} 当作物体",
  "{rectangle} is not possible": "{rectangle} 不行",
  "give x,y,width,height in pixels, such as {example}, or {automatic}":
    "请用像素给出左、上、宽、高，例如 {example}，或者用 {automatic}",
  "{rectangle} is not inside {file}, which is {size} pixels": "{rectangle} 超出了 {file} 的范围，{file} 是 {size} 像素",
  "give x,y,width,height of a rectangle around the object": "请在物体周围画一个矩形",
  "{rectangle} is all of {file}, or all but a sliver": "{rectangle} 几乎包括了整张 {file}",
  "leave some background around the object, GrabCut learns from it what is not the object":
    "请在物体周围留一些背景，GrabCut 要靠它知道什么不是物体",
  "All of {rectangle} of {file} differs from what is around it, so nothing says whether it is the object":
    "{file} 在 {rectangle} 里的部分全都与周围不同，看不出它是不是物体",
  "give a rectangle that is a little larger, or a mask with `mask`":
    "请把矩形画大一点，或者用 `mask` 打开 mask",
  "GrabCut found nothing with {rectangle} in {file} that stands out from the rest":
    "GrabCut 用 {rectangle} 在 {file} 里没有找到与其余部分不同的东西",
  "give a rectangle close around the object, or a mask with `mask`":
    "请紧贴物体画矩形，或者用 `mask` 打开 mask",

  // The network.
  "The network's matte of this photo is not of numbers, as its training went wrong":
    "网络对这张照片算出的 matte 不是有效的数值，因为它的训练出了问题",
  "give other weights with {option}": "请用 {option} 换用其他权重",
  "{file} has {count} pixels, more than {limit}, and with {option} a photo goes through in one pass":
    "{file} 有 {count} 像素，超过了 {limit}，而使用 {option} 时照片要一次算完",
  "give {option}, or a larger {limit} if there is memory for it":
    "请设置 {option}，或者在内存够用时增大 {limit}",
};
