"""Lists the networks of tf.keras.applications that can be backbones, with their cost.

Others may have no map of one of the strides 4, 8, 16 and 32, or are not the same with ImageNet
weights and without, as EfficientNetB0 to B7. `benchmarks/keras_applications.py --count` prints
rows.
"""

from foi_tf.study.network_size import NetworkSize

# 10**9 multiply-adds for an image of 224 x 224 pixels, without the classifier, and the size. Our
# counts, by `models.operations.count_operations` and `count_kept`.
KERAS_APPLICATIONS = {
    "ConvNeXtTiny": (4.46, NetworkSize(27_820_128, 1165.6, 1440)),
    "DenseNet121": (2.83, NetworkSize(6_953_856, 753.5, 1920)),
    "EfficientNetV2B0": (0.717, NetworkSize(5_858_704, 438.5, 2176)),
    "EfficientNetV2B1": (1.01, NetworkSize(6_860_052, 527.8, 2176)),
    "EfficientNetV2B2": (1.17, NetworkSize(8_687_086, 573.3, 2384)),
    "MobileNet": (0.568, NetworkSize(3_206_976, 324.0, 1920)),
    "MobileNetV2": (0.299, NetworkSize(2_223_872, 406.2, 2192)),
    "MobileNetV3Large": (0.214, NetworkSize(2_971_952, 402.3, 1944)),
    "MobileNetV3Small": (0.055, NetworkSize(927_008, 177.3, 1032)),
    "RegNetX002": (0.199, NetworkSize(2_315_792, 123.4, 600)),
    "ResNet50V2": (3.48, NetworkSize(23_519_360, 551.5, 3840)),
}
