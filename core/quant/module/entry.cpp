// SPDX-License-Identifier: GPL-3.0-or-later
//
// The symbols of the module libbwla_quantizer.so (core/quant/quantizer_module.h).
#include "core/quant/torch_block_bench.h"
#include "core/quant/torch_quantize_job.h"
#include "core/quant/torch_training_check.h"

extern "C" __attribute__((visibility("default"))) bwla::QuantizeJob* bwlaNewQuantizeJob() {
    return bwla::makeTorchQuantizeJob().release();
}

extern "C" __attribute__((visibility("default"))) bwla::TrainingCheckJob* bwlaNewTrainingCheck() {
    return bwla::makeTorchTrainingCheck().release();
}

extern "C" __attribute__((visibility("default"))) bwla::BlockBenchJob* bwlaNewBlockBench() {
    return bwla::makeTorchBlockBench().release();
}
