// SPDX-License-Identifier: GPL-3.0-or-later
//
// The second stage of presets balanced and best (ours; docs/method.md, Refinement): the whole
// quantized model is trained towards the original's next-token distributions.
#pragma once

#include "core/job/job.h"
#include "core/model/model_source.h"
#include "core/quant/kl_point.h"
#include "core/quant/kl_text.h"
#include "core/quant/reconstruction.h"
#include "core/quant/refined_model.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>

namespace bwla {

struct KlSettings {
    /// To read in all, where `minutes` is 0; less than a step's: nothing is trained.
    std::int64_t tokens = 0;
    double minutes = 0.0;          ///< > 0: as many tokens as fit
    std::int64_t stepTokens = 0;   ///< read by one step; 0 = as many as suit the device
    std::int64_t windowTokens = 0; ///< of a step's windows; 0 = 512 on a CPU, 2048 on a GPU
    bool signs = false;            ///< latent signs train too
    /// Where latents start, in units of |W' - L| over its own level: small, so that signs can turn
    /// within a run (from 1, the study's run of 8.5M tokens turned 0.1 % of them).
    double latentSpread = 0.5;
    double latentRate = 1e-2;
    /// Of the rotations' factors, in units of their RMS; 0 = they stay.
    double rotationRate = 0.0;
    double rateFactor = 1.0;     ///< of all rates but those of latents
    int activationBits = 6;      ///< in the loop for the last part; 16 = never
    double quantizedShare = 0.2; ///< of the steps
    /// Steps read thousands of rows, so that work on weights costs little beside them
    /// (TrainingPlace::manyRows); the result is the same. Unset: on a GPU.
    std::optional<bool> foldWeights;
    ReconstructionSettings reconstruction; ///< before; its minutes do not count in `minutes`
    double secondsBetweenPoints = 1.0;
    std::uint64_t seed = 0;
    std::string device = "cpu";
    /// For checks on a GPU: kernels of our own (fused_ops.h), steps recorded (repeated_work.h).
    bool ownKernels = true, recorded = true;
};

/// Tokens of a window and of a step on this device.
struct KlBatch {
    std::int64_t window = 0;
    std::int64_t windows = 0;
};
[[nodiscard]] KlBatch klBatch(const KlSettings& settings, const ModelConfig& config);

/// Block reconstruction if asked for, then Adam (.9, .95): warm-up, cosine to 2 %. With `tokens`,
/// the same seed gives the same bytes on the same kind of CPU and thread count (a GPU adds up in
/// any order). An unfinished run's state is kept in `stateFile` (left there at the end; none where
/// that is empty), once a minute and when it is stopped, and gone on from: exactly, but for latent
/// signs, which are kept in 8 bits without Adam's moments. Throws Cancelled, Error{numeric} and
/// what writing a file throws.
[[nodiscard]] RefinedModel refineByKl(const ModelSource& source, const RefinedModel& start,
                                      const KlText& text, const KlSettings& settings,
                                      const std::filesystem::path& stateFile,
                                      const Sink<KlPoint>& sink, std::stop_token stop,
                                      const Sink<ReconstructedBlock>& reconstructed = {});

} // namespace bwla
