# @title Check the installation { display-mode: "form" }
from foi_tf.training.installation import check_installation

print(check_installation())
