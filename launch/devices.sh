# shellcheck shell=bash
# Prepares the devices that a job has asked for, and ends the script if TensorFlow does not see
# them: a job must not train on the CPU of a machine that is paid for its GPUs or TPU. To be sourced.
#
#   prepare_devices    by FOI_DEVICES, which the launchers set: gpu, tpu, or empty for any

# Runs the Python that foi_tf is installed for: the one that its programs name in their first line.
foi_python() {
  local first=''
  [ -n "${FOI_PYTHON:-}" ] || read -r first <"$(command -v foi-run)"
  case "$first" in
    '#!/usr/bin/env '* | '') first=${FOI_PYTHON:-python3} ;;
    '#!'*python*) first=${first#\#!} ;;
    *) first=python3 ;;
  esac
  "$first" "$@"
}

prepare_devices() {
  local library code=0
  [ -z "${FOI_DEVICES:-}" ] || command -v foi-run >/dev/null ||
    fail "foi-run is not on the PATH; install foi_tf, or activate its environment"
  case "${FOI_DEVICES:-}" in
    tpu)
      # TensorFlow reads these when it is imported. The library comes with tensorflow-tpu, or with
      # the image of a TPU VM.
      library=$(foi_python -c 'import libtpu; print(libtpu.get_library_path())' 2>/dev/null) ||
        library=/lib/libtpu.so
      [ -f "$library" ] || fail "no TPU: $library is missing; install tensorflow-tpu"
      export PJRT_DEVICE=TPU NEXT_PLUGGABLE_DEVICE_USE_C_API=true
      export TF_PLUGGABLE_DEVICE_LIBRARY_PATH=$library
      ;;
    gpu)
      foi_python -c 'import sys, tensorflow
sys.exit(0 if tensorflow.config.list_physical_devices("GPU") else 3)' || code=$?
      [ "$code" != 3 ] || fail "TensorFlow sees no GPU here, though the job has asked for one;" \
        "install tensorflow[and-cuda], or leave the GPU out"
      [ "$code" = 0 ] || fail "cannot look for GPUs; see above. FOI_PYTHON names the Python of foi_tf"
      ;;
  esac
}
