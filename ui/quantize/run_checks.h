// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/model_summary.h"
#include "core/quant/quantize_estimate.h"

#include <QList>
#include <QString>

namespace bwla::ui {

/// One line under "Before you start".
struct RunCheck {
    enum class State : std::uint8_t { passed, unknown, failed };
    State state = State::passed;
    QString title;  ///< "Disk: 62 MB of 212 GB free"
    QString detail; ///< how it is known, or what to change
};

/// What lies at the output path already.
struct OutputState {
    enum class Kind : std::uint8_t { free, unfinished, otherRecipe, finished };
    Kind kind = Kind::free;
    int blocks = 0; ///< finished ones of an unfinished run
};

/// Reads OUT.partial; a worker's job, as the next one.
[[nodiscard]] OutputState outputState(const QuantizeSettings& settings);

/// The dry run: memory, disk, model, tokenizer, calibration text, output folder.
[[nodiscard]] QList<RunCheck> checkRun(const ModelSummary& model, const QuantizeSettings& settings,
                                       const QuantizeEstimate& estimate);

/// A folder that is not there yet, in this program's own models folder: "NAME-W1A6", "NAME-W1A6-2".
[[nodiscard]] QString freeOutputPath(const ModelSummary& model, int activationBits);

} // namespace bwla::ui
