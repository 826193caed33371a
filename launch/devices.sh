# shellcheck shell=bash
# Prepares the devices that a job has asked for, and ends the script if TensorFlow does not see
# them: a job must not train on the CPU of a machine that is paid for its GPUs or TPU. To be sourced.
#
#   prepare_devices    by FOI_DEVICES, which the launchers set: gpu, tpu, or empty for any

# Runs the Python that foi_tf is installed for.
foi_python() {
  local first
  read -r first <"$(command -v foi-run)"
  "${FOI_PYTHON:-${first#\#!}}" "$@"
}

prepare_devices() {
  local library
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
sys.exit(not tensorflow.config.list_physical_devices("GPU"))' ||
        fail "TensorFlow sees no GPU here, though the job has asked for one; install" \
          "tensorflow[and-cuda], or leave the GPU out"
      ;;
  esac
}
