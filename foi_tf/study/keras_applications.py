"""Lists the networks of tf.keras.applications that can be backbones, with their operations.

Others may have no map of one of the strides 4, 8, 16 and 32, or are not the same with ImageNet
weights and without, as EfficientNetB0 to B7. `benchmarks/keras_applications.py --count` prints
rows.
"""

# 10**9 multiply-adds for an image of 224 x 224 pixels, without the classifier. Our counts, by
# `models.operations.count_operations`.
KERAS_APPLICATIONS = {
    "ConvNeXtTiny": 4.46,
    "DenseNet121": 2.83,
    "EfficientNetV2B0": 0.717,
    "EfficientNetV2B1": 1.01,
    "EfficientNetV2B2": 1.17,
    "MobileNet": 0.568,
    "MobileNetV2": 0.299,
    "MobileNetV3Large": 0.214,
    "MobileNetV3Small": 0.055,
    "RegNetX002": 0.199,
    "ResNet50V2": 3.48,
}
