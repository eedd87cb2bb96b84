// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/cli/console.h"
#include "core/study/study_measurement.h"
#include "core/study/study_rows.h"

#include <string>
#include <vector>

namespace bwla {

/// One measurement as a JSON object.
[[nodiscard]] OrderedJson measurementDocument(const StudyMeasurement& measurement);

/// A Markdown table, a line a row that was measured: bits, shape of the weights, errors and
/// perplexities; over several seeds mean +- standard deviation.
[[nodiscard]] std::string studyTable(const std::vector<StudyRow>& rows,
                                     const std::vector<StudyMeasurement>& measurements);

} // namespace bwla
