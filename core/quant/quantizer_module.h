// SPDX-License-Identifier: GPL-3.0-or-later
//
// The quantizer is a module of its own, loaded when somebody quantizes: libtorch takes 0.6 to 0.8 s
// to load, and neither a chat nor the window's start should wait for it.
#pragma once

#include "core/quant/block_bench.h"
#include "core/quant/quantize_job.h"
#include "core/quant/training_check.h"

#include <filesystem>

namespace bwla {

/// Lets OpenMP's threads sleep soon at a barrier, unless the user chose otherwise (GOMP_SPINCOUNT,
/// OMP_WAIT_POLICY). Spinning as libgomp does by itself, a block took more than 60 s beside two
/// compilers and takes 18 s so; alone 8.1 against 8.5 s. First thing in main(): it sets an
/// environment variable, which is not safe beside other threads, and libgomp reads it once.
void shortenBarrierSpins();

/// libbwla_quantizer.so beside the running program, or in ../lib/bwla-studio.
[[nodiscard]] std::filesystem::path quantizerModulePath();

/// A job of the module, which stays loaded. Throws Error{backend} where it cannot be loaded.
[[nodiscard]] std::unique_ptr<QuantizeJob>
loadQuantizeJob(const std::filesystem::path& module = quantizerModulePath());
[[nodiscard]] std::unique_ptr<TrainingCheckJob>
loadTrainingCheck(const std::filesystem::path& module = quantizerModulePath());
[[nodiscard]] std::unique_ptr<BlockBenchJob>
loadBlockBench(const std::filesystem::path& module = quantizerModulePath());

} // namespace bwla
