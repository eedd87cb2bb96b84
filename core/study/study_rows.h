// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/quant/quantize_settings.h"

#include <string_view>
#include <vector>

namespace bwla {

/// What a row of the study is about; rows of one topic are compared with one another.
enum class StudyTopic : std::uint8_t {
    steps,     ///< from signs alone to the whole closed form, a part at a time
    rotations, ///< one closed form under many rotations
    training,  ///< what the refinement by KL adds; hours on a processor
};

/// One quantization of the study: what it changes of preset `fast`.
struct StudyRow {
    std::string_view name; ///< short, also its file's
    StudyTopic topic = StudyTopic::steps;
    std::string_view what; ///< words for the table
    void (*change)(QuantizeSettings&) = nullptr;
};

/// All rows, in the order of the table.
[[nodiscard]] const std::vector<StudyRow>& studyRows();

/// Rows of a list like "steps,okt,best" of names and topics, in table order; "all" is every row.
/// Throws Error{badArgument} naming what is neither.
[[nodiscard]] std::vector<StudyRow> chosenStudyRows(std::string_view list);

/// Whether other seeds give another result in a way worth averaging: rows that draw a rotation, and
/// no training.
[[nodiscard]] bool dependsOnSeed(const StudyRow& row);

} // namespace bwla
