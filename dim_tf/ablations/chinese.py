"""The report's sentences in Chinese. `Words` fills in the values."""

# Chinese letters are two columns wide, and a sentence that is broken cannot be looked up.
# ruff: noqa: E501

CHINESE: dict[str, str] = {
    # The beginning.
    "The blog's ablations": "博客的消融实验",
    "Made by `{command} report` from the records in `{records}`; nothing here is typed by hand, and "
    "what is changed by hand is lost.": "由 `{command} report` 根据 `{records}` 里的记录生成；没有一处是手写的，手改的内容下次生成时会丢失。",
    "What was found": "结论",
    "The blog that this project follows says what matters in training the network, and what does "
    "not. Each of its claims was tried: a switch flipped, or the two that a claim is about, all "
    "else the same, several times with different random numbers (seeds), the same ones with and "
    "without the switch.": "本项目所依据的博客说了训练这个网络时什么要紧、什么不要紧。这里逐条验证：拨动一个开关（说法涉及两个时就拨两个），其余不变，用不同的随机数（种子）重复多次，拨与不拨用的是同一批种子。",
    "Measured is the mean absolute error of the matte over the unknown region, from 0 to 1, on "
    "composites whose mattes, colours and backgrounds no training saw, by the network's weights "
    "averaged over the last third of a run.": "衡量的是 matte 在未知区域的平均绝对误差，从 0 到 1，所用合成图的 matte、颜色和背景训练时都没见过，网络用的是训练最后三分之一的平均权重。",
    "A number with a sign is by how many percent the switch changes that error, plus is worse; in"
    " brackets stands where the change lies with a certainty of 95 %.": "带正负号的数字是开关使这个误差变化了百分之几，正号表示更差；方括号里是这个变化以 95 % 的把握所在的范围。",
    "At the {scale} scale nothing was run yet.": "{scale}规模还没有跑过。",
    "The base of the short scale: {width} of the network's width, {input_size} pixels, {steps} "
    "steps from random weights, with up to {seeds} seeds.": "小规模（短训练）的基准：网络宽度的 {width} 倍，{input_size} 像素，从随机权重开始训练 {steps} 步；最多 {seeds} 个种子。",
    "The base of the long scale: {width} of the width, {input_size} pixels, {steps} steps from "
    "VGG16's weights, normalized, at a learning rate that falls, with up to {seeds} seeds.": "大规模（长训练）的基准：宽度的 {width} 倍，{input_size} 像素，从归一化的 VGG16 权重开始训练 {steps} 步，学习率逐渐下降；最多 {seeds} 个种子。",
    "{count} of its {planned} runs are missing, and until then its verdicts are interim.": "计划的 {planned} 次训练还缺 {count} 次；补齐以前，这一规模的判定都是暂时的。",
    "{count} of its {planned} runs were made before batch norm's statistics were measured anew and "
    "are not judged, and until they are repeated its verdicts are interim.": "计划的 {planned} 次训练里有 {count} 次是在重新测量批归一化统计量之前做的，不参与判定；重跑完成以前，这一规模的判定都是暂时的。",
    "Not run yet.": "还没有跑。",
    "* **{title}.** {found}": "* **{title}**：{found}",
    "**{verdict}** at the {scale} scale; seeds: {seeds}.": "**{verdict}**，{scale}规模，种子数 {seeds}。",
    "**{verdict}** at the {scale} scale, with {run} of {whole} claims run; seeds: {seeds}.": "**{verdict}**，{scale}规模，{whole} 条说法里只跑了 {run} 条，种子数 {seeds}。",
    "{found}.": "{found}。",
    "{claim} ({found})": "“{claim}”（{found}）",
    "; ": "；",
    "*{verdict}*, {scale} scale: {claims}.": "*{verdict}*，{scale}规模：{claims}。",
    "{size}, some {needed} seeds would show {percent} %": "{size}，总共要大约 {needed} 个种子才能看出 {percent} % 的变化",
    "{size}, by a hair: p {chance}": "{size}，勉强达到判定标准：p {chance}",
    "{size}, some {needed} seeds a change as large as seen": "{size}，大约 {needed} 个种子就能看出与测得的一样大的变化",
    "{size}, of which seed {seed} alone is {alone:+.1f} %, the others {others}": "{size}，其中种子 {seed} 一个就是 {alone:+.1f} %，其余的 {others}",
    "{size}; on real cut-outs {change}, not judged": "{size}；在真实抠图素材上 {change}，不作判定",
    # Verdicts.
    "held": "成立",
    "held, by less than 5 %": "成立，但不到 5 %",
    "did not hold": "不成立",
    "undecided": "没有定论",
    "not run yet": "还没有跑",
    "only measured": "只做测量",
    "short": "小",
    "long": "大",
    "Verdicts": "判定",
    "paired differences of all rows": "各行的配对差异",
    "row": "行",
    "claim": "说法",
    "scale": "规模",
    "seeds": "种子",
    "change of the error [95 % interval]": "误差的变化 [95 % 区间]",
    "in percent": "百分比",
    "effect size d": "效应量 d",
    "smallest seen": "能看出的最小变化",
    "p, corrected": "校正后的 p",
    "verdict": "判定",
    "by the last step": "用最后一步的权重",
    "on real cut-outs": "在真实抠图素材上",
    "on photographs, the last step": "在照片上，最后一步的权重",
    "one seed": "一个种子",
    "{black} of {runs} runs; share of black predictions {values}; the same mean for every picture in {same}": "{runs} 次训练中 {black} 次全黑；全黑预测的比例 {values}；所有图片的预测均值都一样的 {same} 次",
    "error on the sample {values}": "该样本上的误差 {values}",
    # Rules.
    "How it is judged": "如何判定",
    "The difference arm − reference is taken seed by seed, as both began with the same random "
    "numbers and saw the same examples wherever the switch leaves them. Its 95 % interval over the "
    "seeds is that of Student's t: other seeds are in it, other pictures are not. The effect size d "
    "is its mean in standard deviations over seeds.": "逐个种子取“该设置 − 参照”的差，因为两者从相同的随机数出发，凡是开关没有改动的地方，看到的样本也相同。这个差在不同种子之间的 95 % 置信区间按学生 t 分布计算：它包含换种子的变化，不包含换图片的变化。效应量 d 是差的均值，以种子之间的标准差为单位。",
    "Each claim and its denial have a p-value, that of a one-sided t test; the smaller of the "
    "two, doubled, is corrected by Holm for the number of claims of the scale, run or not yet, "
    "that count, or of those that do not. At most {level:g} decides, so that in 19 of 20 such "
    "series of a scale no verdict on what counts is due to chance. That holds for the series as a"
    " whole: while runs are missing, verdicts are interim. What is decided by a hair, at {hair:g} "
    "or more, is told so. Intervals are each for itself: one can leave out 0 where the verdict, "
    "which is stricter, is undecided. Fewer than {enough} seeds decide nothing. Percents are of "
    "the reference's mean error, as if that were known exactly.": "每个说法和它的反面各有一个单侧 t 检验的 p 值；取较小的一个乘以二，再按 Holm 方法校正：同一规模里计入各行判定的说法一起校正，不计入的另外一起校正，还没有跑的也算在内。校正后的 p 不超过 {level:g} 才下判定，这样，同一规模的实验平均每 20 轮里至少有 19 轮，计入的说法没有一条的判定出于偶然。这是对整轮实验而言：还缺训练时，判定是暂时的。勉强达到标准（{hair:g} 或更大）的判定会注明。区间是逐个计算的，没有校正；判定更严格，所以区间可能不含 0 而判定仍是没有定论。种子少于 {enough} 个时不下任何判定。百分数以参照的平均误差为基数，把它当作精确已知。",
    "These claims do not count for their rows: {claims}": "以下说法不计入各行的判定：{claims}",
    "On another kind of processor the same seed ends elsewhere, so that a pair of runs from two of "
    "them shares less than one from the same. That averaged weights judge was settled when runs by "
    "the last step were there already, and that batch norm's statistics are measured anew for them,"
    " when some by averaged weights were; what the last step says stands beside it. Which other "
    "rules are younger than the first results, and which verdicts would be others by the last "
    "step, is told in docs/training_log.md.": "换一种处理器，同一个种子会得到不同的结果，所以来自两种处理器的一对训练，相同的部分比来自同一种的少。决定用平均权重来判定时，已经有了按最后一步的权重测得的结果；决定为它重新测量批归一化的统计量时，已经有了一部分按平均权重测得的结果。按最后一步的结果列在旁边。还有哪些规则晚于最初的结果，按最后一步来判哪些判定会不同，见 docs/training_log.md。",
    "The smallest change seen is the one that as many seeds, which differ as much, show in 4 of 5 "
    "series, at the level that a claim which is still undecided had to reach.": "能看出的最小变化，是指种子数和种子间差异都相同时，5 轮实验里有 4 轮能看出的变化，所用的显著性水平就是尚无定论的说法须达到的水平。",
    "* A is worse, or better, than B: *held* if it is certain that it is, be it by little; *held,"
    " by less than {percent} %* if it is also certain that the change is smaller than {percent} %"
    " of the reference's error; *did not hold* if it is certain that the change is smaller than "
    "{percent} %, or lies on the other side. Undecided is what leaves both possible: no change, "
    "and one of {percent} %. Where two kinds of matte are compared, percents are of the first "
    "one's error.": "* A 比 B 差，或好：能确定如此就*成立*，哪怕差别很小；如果同时能确定变化小于参照误差的 {percent} %，则*成立，但不到 {percent} %*；能确定变化小于 {percent} %，或者方向相反，则*不成立*。两种可能都不能排除的，既可能没有变化，也可能变化达到 {percent} %，就是没有定论。比较两种 matte 时，百分比是相对于前一种的误差。",
    "* No effect: *held* if the change lies within ±{percent} %, *did not hold* if it lies outside.": "* 没有影响：变化在 ±{percent} % 以内则*成立*，在此之外则*不成立*。",
    "* Not needed: *held* if it lowers the error by at most {percent} %, *did not hold* if by more.": "* 不需要：用上它，误差最多降低 {percent} % 则*成立*，降低更多则*不成立*。",
    "* All black: a prediction is black if its mean over the unknown region is below {black:g}, a"
    " run if more than {share:g} % of its held-out predictions are. *Held* if it is certain that "
    "more than {most:g} % of runs are, *did not hold* if that fewer than {nearly:g} % are, by the"
    " exact binomial test; the former takes nine or ten runs, all of them black, so that five, as"
    " many as the long scale has, can deny it or leave it open. Beside it stands in how many runs"
    " the prediction has the same mean for every picture, black or not: the means over the "
    "unknown region deviate by less than {same:g} over the pictures. Such a run learned nothing, "
    "be it one grey or the same share of black and white pixels everywhere.": "* 全黑：预测在未知区域的均值低于 {black:g} 就算黑，在留出的图上的预测中超过 {share:g} % 是黑的，这次训练就算黑。能确定超过 {most:g} % 的训练是黑的则*成立*，能确定不到 {nearly:g} % 则*不成立*，用精确二项检验；要判定前者，得有九到十次训练而且全是黑的，所以大规模的五次训练只能否定它，或者没有定论。旁边列出有几次训练的预测对所有图片均值都一样，不论是不是黑：未知区域的均值在各图片之间的标准差小于 {same:g}。这样的训练什么也没有学到，不论是处处同一种灰，还是处处同样比例的黑白像素。",
    "Were it {nearly:g}, then of the runs without batch norm from the original's start {short} of "
    "{short_runs} short ones would be black, and {long} of {long_runs} long ones.": "如果把算黑的界限改为 {nearly:g}，从原版起点开始、没有批归一化的训练中，小规模 {short_runs} 次里有 {short} 次算黑，大规模 {long_runs} 次里有 {long} 次。",
    "* One sample is fitted: *held* if the error on it lies below {fitted:g}, *did not hold* if "
    "above; undecided also where unpooling did not fit its sample.": "* 拟合单个样本：该样本上的误差低于 {fitted:g} 则*成立*，高于则*不成立*；如果上池化没能拟合自己的样本，也是没有定论。",
    "* A row with several claims is *held* if all are that the scale has, *did not hold* if one is "
    "not; of batch norm only the claim about the original's start counts, since that is the one of "
    "the blog. That start's random kernels are as large as a narrower network needs for activations "
    "to grow from layer to layer as in the original.": "* 一行有几个说法时，该规模的说法全部成立才*成立*，有一个不成立就*不成立*；批归一化一行只看从原版起点开始的那一条，因为博客说的就是它。这个起点的随机卷积核，数值随网络变窄而加大，使激活值像原版那样逐层增长。",
    "Claims are judged by averaged weights: every variable's mean over ten checkpoints of the "
    "last third of the steps. What is about training examples, about batch norm's own statistics,"
    " trimaps by dilation only or the refinement stage's own matte is judged by the last step. At"
    " a constant learning rate that is a noisy measure: in {count} runs its error was "
    "{median:+.0f} % away from that of the averaged weights in the median, {quarter:+.0f} % to "
    "{three_quarters:+.0f} % in half of them, {low:+.0f} % to {high:+.0f} % in all. What it says "
    "stands in a column of its own.": "判定用平均后的权重：每个变量取最后三分之一步数里十个检查点的平均。关于训练样本、批归一化自身的统计量、只做膨胀的三分图，或 refinement 阶段自身的 matte 的说法，按最后一步的权重判定。学习率不变时，只看最后一步的误差噪声很大：在 {count} 次训练里，它与平均权重的误差相差的中位数是 {median:+.0f} %，一半的训练在 {quarter:+.0f} % 到 {three_quarters:+.0f} % 之间，全部在 {low:+.0f} % 到 {high:+.0f} % 之间。只看最后一步的结果单列一栏。",
    "Batch norm's statistics are measured anew for them on training examples: the mean of its "
    "moving averages does not fit them in a few runs, which then measure worse than they are "
    "(docs/training_log.md). Where batch norm is frozen there is nothing to measure anew.": "批归一化的统计量针对平均后的权重，在训练样本上重新测量：否则，如果滑动统计量的平均与平均后的权重不相配（有几次训练就是这样），测得的误差会偏大（docs/training_log.md）。批归一化被冻结时，没有什么要重新测量。",
    "Three sets are measured in nearly every run: {held_out} (procedural mattes; they judge), "
    "{cut_outs} (hair, animals, plants and objects that were photographed) and, by the weights of"
    " the last step alone, {validation}. SAD, MSE and Grad stand beside the error.": "几乎每次训练都在三组图上测量：{held_out}（程序生成的 matte，判定以它为准）、{cut_outs}（拍摄的头发、动物、植物和物品），以及{validation}（只用最后一步的权重测量）。误差旁边还列出 SAD、MSE 和 Grad。",
    # Sets of pictures and columns.
    "held-out composites": "留出的合成图",
    "held-out composites, the last step": "留出的合成图，最后一步的权重",
    "held-out composites, trimaps by dilation only": "留出的合成图，三分图只做膨胀",
    "held-out composites, batch norm with the image's own statistics": "留出的合成图，批归一化用图像自身的统计量",
    "held-out composites, before the refinement stage": "留出的合成图，refinement 阶段之前",
    "held-out composites, averaged weights": "留出的合成图，平均后的权重",
    "held-out composites, averaged weights, batch norm's averages anew": "留出的合成图，平均后的权重，批归一化的统计量重新测量",
    "held-out composites of real cut-outs, averaged weights, batch norm's averages anew": "用真实抠图素材做的留出合成图，平均后的权重，批归一化的统计量重新测量",
    "{title}; seeds: {count}": "{title}；种子数 {count}",
    "held-out composites of real cut-outs, averaged weights": "用真实抠图素材做的留出合成图，平均后的权重",
    "held-out composites of real cut-outs": "用真实抠图素材做的留出合成图",
    "photographs with true mattes": "有真实 matte 的照片",
    "error": "误差",
    "SAD": "SAD",
    "MSE": "MSE",
    "Grad": "Grad",
    "black": "全黑",
    "arm": "设置",
    "steps": "步数",
    "training error": "训练误差",
    "kind of matte": "matte 种类",
    "hair": "头发",
    "fur": "皮毛",
    "foliage": "树叶",
    "lattice": "网格",
    "lace": "蕾丝",
    "wire": "铁丝",
    "smoke": "烟雾",
    "glass": "玻璃",
    "motion_blur": "运动模糊",
    "defocus": "失焦",
    "holes": "孔洞",
    "hard": "硬边",
    # Arms.
    "base": "基准",
    "deconvolution": "反卷积",
    "no batch norm, learning rate 1e-4": "无批归一化，学习率 1e-4",
    "no batch norm, learning rate 1e-5": "无批归一化，学习率 1e-5",
    "no batch norm, constant learning rate 1e-5": "无批归一化，学习率恒为 1e-5",
    "known weight 0": "已知像素权重 0",
    "batch size 5, equal steps": "batch 为 5，步数相同",
    "batch size 5, equal examples": "batch 为 5，样本总数相同",
    "composited before resizing": "先合成再缩放",
    "composited after resizing": "先缩放再合成",
    "trained with dilation only": "训练时只做膨胀",
    "foreground premultiplied": "前景预乘",
    "compositional loss not divided": "合成损失不除",
    "refinement": "refinement",
    "refinement, the stage alone": "refinement，单独训练这个阶段",
    "refinement, composited before resizing": "refinement，先合成再缩放",
    "skip additions": "跳跃连接",
    "normalized input": "归一化输入",
    "learning rate 1e-5": "学习率 1e-5",
    "one sample, unpooling": "单个样本，上池化",
    "one sample, deconvolution": "单个样本，反卷积",
    "VGG16's strongest filters": "VGG16 最强的滤波器",
    "VGG16's strongest filters, normalized": "VGG16 最强的滤波器，归一化",
    "the original's start": "原版的起点",
    "the original's start, no batch norm, learning rate 1e-5": "原版的起点，无批归一化，学习率 1e-5",
    "the original's start, no batch norm, constant learning rate 1e-5": "原版的起点，无批归一化，学习率恒为 1e-5",
    "base, trained on": "基准，继续训练",
    "composited before resizing, trained on": "先合成再缩放，继续训练",
    # Sections.
    "Verdict at the {scale} scale: **{verdict}**.": "{scale}规模的判定：**{verdict}**。",
    "At the {scale} scale": "{scale}规模",
    "{title}: error over the steps": "{title}：误差随步数的变化",
    "gain of refinement: error without it − error with it": "refinement 的收益：不用时的误差 − 用时的误差",
    "[95 % interval]": "[95 % 区间]",
    "difference: before − after": "两者之差：先合成 − 先缩放",
    "Once the drift is gone, refinement is not needed at this scale: with it the error changes by"
    " {change}, and that it falls by more than {percent} % is excluded.": "消除漂移之后，在这个规模上不需要 refinement：用它时误差的变化是 {change}，可以排除它把误差降低 {percent} % 以上。",
    "Also without the drift, refinement is needed: with it the error changes by {change}, which "
    "is more than {percent} % less.": "即使没有漂移也需要 refinement：用它时误差的变化是 {change}，降低了 {percent} % 以上。",
    "Whether refinement is needed once the drift is gone is undecided at this scale: with it the "
    "error changes by {change}, which does not tell a fall of more than {percent} % from one of "
    "less, or there are too few seeds.": "消除漂移之后是否还需要 refinement，在这个规模上没有定论：用它时误差的变化是 {change}，分不清降低的是 {percent} % 以上还是不到，或者种子太少。",
    "The question was not run yet at this scale.": "这个问题在这个规模上还没有跑过。",
    "It gains more where the ground truth drifts: in part it repairs the drift.": "真值漂移时它的收益更大：它在一定程度上修补了漂移。",
    "It gains less where the ground truth drifts.": "真值漂移时它的收益更小。",
    "Whether it gains more where the ground truth drifts is undecided.": "真值漂移时它的收益是否更大，没有定论。",
    "The stage begins as one that changes nothing; in the end it moves the alpha of a pixel of "
    "the unknown region by {moves} on average.": "这个阶段起初不改变任何东西；训练之后，它使未知区域像素的 alpha 平均改变 {moves}。",
    "The stage begins with a random correction, the root of whose mean square is some 0.1, since "
    "from zero it stays where it begins (docs/training_log.md): in the end it moves the alpha of "
    "a pixel of the unknown region by {moves} on average.": "这个阶段从一个随机的修正出发（均方根约 0.1），因为从零出发它会停在原处（docs/training_log.md）；训练之后，它使未知区域像素的 alpha 平均改变 {moves}。",
    "Trained as in the paper: from the finished run without it, first the stage alone with the "
    "encoder-decoder frozen, then all; without refinement the same run is trained on for as many "
    "steps on the same examples with the same losses. So the encoder-decoder learns in twice as many "
    "of these steps where there is no stage.": "按论文的方法训练：从已经完成、不带这个阶段的训练出发，先冻结编码器和解码器，只训练这个阶段，再全部一起训练；不用 refinement 时，同一个训练在相同的样本上以相同的损失继续训练同样多的步数。所以没有这个阶段时，编码器和解码器在这些步数里学习的步数是有这个阶段时的两倍。",
    "The stage itself changes its matte's error by {change}: it learned to do nothing, and what is "
    "left of the difference is what the encoder-decoder did not learn while it was frozen.": "这个阶段本身只把它的 matte 的误差改变了 {change}：它学到的就是什么也不做；其余的差别，是编码器和解码器冻结时没有学到的。",
    "{measure} with the stage, against that without it: {change} (not judged).": "用这个阶段与不用相比，{measure} 的变化是 {change}（不作判定）。",
    "error on held-out composites": "留出的合成图上的误差",
    "error on held-out composites, the last step": "留出的合成图上的误差（最后一步的权重）",
    "without refinement": "不用 refinement",
    "with refinement": "用 refinement",
    "trimaps by dilation and erosion": "三分图：膨胀加腐蚀",
    "by dilation only": "只做膨胀",
    "trained with dilation and erosion": "训练时膨胀加腐蚀",
    "The drift itself": "漂移本身",
    "The size of the drift was not measured yet (`{command} drift`).": "漂移的大小还没有测过（`{command} drift`）。",
    "How far the photo composited before resizing to 320 lies from what alpha, foreground and "
    "background of the example say, in grey levels, over the colours of unknown pixels, {mattes} "
    "mattes of each kind, crops of 640 and 480. A crop of 320 is not resized and does not drift. The "
    "runs above shrink by the same factors, to 192 pixels; a third of their crops is not resized.": "先合成再缩放到 320 的照片，与由样本的 alpha、前景和背景合成出来的颜色相差多少，单位是灰度级，统计未知像素的各颜色通道，每种 matte {mattes} 张，裁剪边长为 640 和 480。320 的裁剪不缩放，也就没有漂移。上面的训练按同样的倍数缩小，缩到 192 像素；其中三分之一的裁剪不缩放。",
    "A lossy file in between, of which the blog warns, drifts more: the composited photo kept as "
    "JPEG of quality 95 or 75 and then read and shrunk. Over all kinds the mean is {without:.2f} "
    "grey levels without, {fine:.2f} with quality 95 and {coarse:.2f} with 75 for 640 → 320; "
    "shrinking averages part of it away, so that without shrinking, at 320, it is {whole:.2f} and "
    "{worst:.2f}. Foregrounds and backgrounds that are lossy before compositing do not drift, since "
    "the photo is made of what was read.": "博客提醒过的有损中间文件漂移得更多：合成好的照片存成质量 95 或 75 的 JPEG，再读出来缩小。640 → 320 时各种类的平均值，不经过 JPEG 是 {without:.2f} 个灰度级，质量 95 是 {fine:.2f}，75 是 {coarse:.2f}；缩小会把其中一部分平均掉，所以在 320 不缩小时是 {whole:.2f} 和 {worst:.2f}。合成之前就有损的前景和背景不会漂移，因为照片就是由读到的内容合成的。",
    "part of an example composited in both orders, and the differences": "两种顺序合成的样本的一部分，以及差异",
    "mean": "均值",
    "99th percentile": "99 百分位",
    "largest": "最大",
    "How to repeat it": "如何重复",
    "One command, which goes on where it was stopped, and one for the page; without `--records_dir` "
    "they add to, or replace, the records here:": "一条命令，中断后会接着跑；另一条生成页面。不给 `--records_dir` 时，它们会补充或替换这里的记录：",
    "* The {scale} scale: {there} runs are there, {missing} missing; {older} of those that are there "
    "were not measured on every set and are repeated by the command above; until then what they have "
    "counts. They took {hours:.1f} hours by the clock, measuring included, beside other work on the "
    "same machine; {counted} of them recorded their processor time, {processor:.1f} hours summed over "
    "the cores.": "* {scale}规模：已有 {there} 次训练，还差 {missing} 次；已有的当中有 {older} 次没有在所有图组上测量，上面的命令会重跑它们，在那之前先用已有的结果。按时钟共 {hours:.1f} 小时，含测量，同一台机器上还跑着别的任务；其中 {counted} 次记录了处理器时间，各核相加 {processor:.1f} 小时。",
    "Machine: {machines}.": "机器：{machines}。",
    "Versions: {versions}.": "版本：{versions}。",
    "Data: {conditions}.": "数据：{conditions}。",
    "{name}: {count} {unit} (checksum {checksum})": "{name} {count} {unit}（校验和 {checksum}）",
    "dataset": "数据集",
    "held-out set": "留出的合成图",
    "cut-out set": "用抠图素材做的留出合成图",
    "validation set": "验证照片",
    "pictures": "张",
    "pairs": "对",
    # Rows.
    "Unpooling or deconvolution": "上池化还是反卷积",
    "Deconvolution overfits a single sample, but cannot fit the set; it misses fine detail such as "
    "hair.": "反卷积能过拟合单个样本，却拟合不了整个数据集；头发之类的细节会丢失。",
    "Deconvolution fits one sample.": "反卷积能拟合单个样本。",
    "Deconvolution's error on the training examples is larger.": "反卷积在训练样本上的误差更大。",
    "Deconvolution is worse on held-out pictures.": "反卷积在留出的图上更差。",
    "Deconvolution is worse on hair and fur.": "反卷积在头发和皮毛上更差。",
    "Deconvolution on hard edges.": "反卷积在硬边上的误差。",
    "Deconvolution loses more on hair and fur than on hard edges.": "与在硬边上相比，反卷积在头发和皮毛上变差得更多。",
    "Batch norm": "批归一化",
    "Without batch norm the prediction ends all black.": "没有批归一化，预测最后会全黑。",
    "From the original's start, without batch norm at 1e-5, all is black.": "从原版的起点开始，无批归一化，学习率 1e-5，全黑。",
    "From the original's start, without batch norm at 1e-5, against with it at 1e-4.": "从原版的起点开始，学习率 1e-5 不用批归一化，与学习率 1e-4 用批归一化相比。",
    "From this project's start, without batch norm at 1e-5, all is black.": "从本项目的起点开始，无批归一化，学习率 1e-5，全黑。",
    "From this project's start, without batch norm at 1e-4, all is black.": "从本项目的起点开始，无批归一化，学习率 1e-4，全黑。",
    "From this project's start, training without batch norm at 1e-4 is worse.": "从本项目的起点开始，学习率 1e-4，不用批归一化训练更差。",
    "From this project's start, training without batch norm at 1e-5 is worse.": "从本项目的起点开始，学习率 1e-5，不用批归一化训练更差。",
    "Weight of the known pixels": "已知像素的权重",
    "0.5 or 0 has no effect on the upper limit.": "0.5 还是 0，对最终能达到的水平没有影响。",
    "Known weight 0 has no effect.": "已知像素权重取 0 没有影响。",
    "Batch size": "batch 大小",
    "1 is enough, every pixel is a sample.": "1 就够了，每个像素都是一个样本。",
    "A batch of 5 is not needed, at equal examples.": "样本总数相同时，不需要 batch 为 5。",
    "A batch of 5 is not needed, at equal steps.": "步数相同时，不需要 batch 为 5。",
    "A batch of 5 at equal examples, both by the image's own batch norm statistics.": "样本总数相同时，batch 为 5 与参照相比，两者都用图像自身的批归一化统计量。",
    "Compositing before or after resizing": "先合成还是先缩放",
    "Composited before resizing, the ground truth drifts, and training suffers.": "先合成再缩放，真值会漂移，训练因此变差。",
    "Compositing before resizing is worse.": "先合成再缩放更差。",
    "Trimaps by dilation only, or by dilation and erosion": "三分图只做膨胀，还是膨胀加腐蚀",
    'Dilation only was a "fatal mistake".': "只做膨胀是“致命的错误”。",
    "Dilation only is worse on trimaps by both.": "在膨胀加腐蚀的三分图上，只做膨胀更差。",
    "Dilation only on trimaps by dilation only.": "只做膨胀训练的网络，在只做膨胀的三分图上的误差。",
    "Foreground colours as they are, or premultiplied": "前景颜色照原样，还是预乘",
    "The original multiplies by alpha twice: a bug.": "原版乘了两次 alpha：是个 bug。",
    "Premultiplied colours are worse.": "预乘的颜色更差。",
    "Compositional loss divided by 255 or not": "合成损失除不除以 255",
    "Not divided, the compositional loss drowns the alpha loss.": "不除的话，合成损失会淹没 alpha 损失。",
    "Not divided by 255 is worse.": "合成损失不除以 255 更差。",
    "Refinement stage, crossed with row 5": "refinement 阶段，与第 5 行交叉",
    "The open question: once the drift is gone, is the refinement stage still needed? Judged as the "
    "claim that it is not.": "悬而未决的问题：消除漂移之后，还需要 refinement 阶段吗？这里按“不需要”这一说法来判定。",
    "Without the drift, refinement is not needed.": "没有漂移时，不需要 refinement。",
    "With the drift, refinement is not needed.": "有漂移时，不需要 refinement。",
    "The stage alone, trained on a finished network, improves its matte.": "在训练完的网络上单独训练这个阶段，会改进它的 matte。",
    "Trained together, the matte after the stage against that before it.": "一起训练时，这个阶段之后的 matte 与之前的相比。",
    "MSE with refinement, without the drift.": "没有漂移时，用 refinement 的 MSE。",
    "Grad with refinement, without the drift.": "没有漂移时，用 refinement 的 Grad。",
    "Trained on without refinement, against the finished run.": "不用 refinement 继续训练，与继续训练之前相比。",
    "Trained on with refinement, against the finished run.": "用 refinement 继续训练，与继续训练之前相比。",
    "Ours": "我们的",
    "What the original did not have, or did not try. The claims are this project's.": "原版没有的，或没有试过的。这些说法是本项目自己的。",
    "Skip additions are better.": "跳跃连接更好。",
    "Normalized input.": "归一化输入。",
    "A learning rate of 1e-5 is worse than 1e-4.": "学习率 1e-5 比 1e-4 差。",
    "The image's own batch norm statistics at inference.": "推理时用图像自身的批归一化统计量。",
    "VGG16's weights are better than a random start.": "VGG16 的权重比随机起点好。",
    "With normalized input, VGG16's weights are better than a random start.": "输入归一化时，VGG16 的权重比随机起点好。",
    "The normalized start (weights, input, kernels) is better than the original's.": "归一化的起点（权重、输入、卷积核）比原版的好。",
}
