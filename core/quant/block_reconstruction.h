// SPDX-License-Identifier: GPL-3.0-or-later
//
// One block after the other is trained until its output is near the original block's, with what the
// blocks before it really hand over as input (after BRECQ, Li et al. 2021; docs/method.md).
// Include from .cpp files of bwla_quant only.
#pragma once

#include "core/job/job.h"
#include "core/quant/kl_refinement.h"
#include "core/quant/teacher_rows.h"
#include "core/quant/trainable_model.h"

#include <filesystem>
#include <stop_token>

namespace bwla {

/// Trains `student` in place, on the device where it lies: scales, gains, low rank and, at a rate
/// above 0, signs, whose latents the student keeps if settings.signs says that they train on. A
/// finished block's state stays in `folder` ("reconstructed-LLLLL.safetensors"), from where a
/// resumed run takes it (latents in 8 bits). Throws Cancelled and what writing a file throws.
void reconstructBlocks(const ModelSource& source, TrainableModel& student,
                       const TrainingPlace& place, const WindowPool& pool,
                       const KlSettings& settings, const std::filesystem::path& folder,
                       const Sink<ReconstructedBlock>& sink, const std::stop_token& stop);

/// All blocks as that left them in `folder`; false where a file is missing.
[[nodiscard]] bool restoreBlocks(const ModelSource& source, TrainableModel& student,
                                 const TrainingPlace& place, const KlSettings& settings,
                                 const std::filesystem::path& folder);

} // namespace bwla
