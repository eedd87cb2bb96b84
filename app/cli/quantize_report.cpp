// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/quantize_report.h"

#include "app/cli/text.h"

#include <algorithm>

namespace bwla {
namespace {

struct Column {
    const char* key;
    double GroupReport::*value;
};

constexpr Column columns[] = {
    {"activation_error", &GroupReport::activationError},
    {"plain_error", &GroupReport::plainError},
    {"binarisation_before", &GroupReport::binarisationBefore},
    {"binarisation_after", &GroupReport::binarisationAfter},
    {"kurtosis_before", &GroupReport::kurtosisBefore},
    {"kurtosis_after", &GroupReport::kurtosisAfter},
    {"bimodal_before", &GroupReport::bimodalBefore},
    {"bimodal_after", &GroupReport::bimodalAfter},
    {"bimodal_residual", &GroupReport::bimodalResidual},
    {"activation_peak_before", &GroupReport::activationPeakBefore},
    {"activation_peak_after", &GroupReport::activationPeakAfter},
    {"clip", &GroupReport::clip},
};

/// Over the blocks in which the group is quantized: at least one.
double mean(const std::vector<BlockReport>& blocks, std::size_t group, double GroupReport::*value) {
    double sum = 0.0;
    int quantized = 0;
    for (const BlockReport& block : blocks)
        if (!block.groups[group].kept) {
            sum += block.groups[group].*value;
            ++quantized;
        }
    return sum / quantized;
}

} // namespace

OrderedJson blockEvent(const BlockReport& block) {
    OrderedJson measured;
    for (const InputGroup& g : groups()) {
        const GroupReport& report = block.groups[static_cast<std::size_t>(g.kind)];
        OrderedJson row;
        for (const Column& column : columns)
            row[column.key] = report.*column.value;
        measured[std::string(g.name)] = report.kept ? OrderedJson(nullptr) : row;
    }
    return {{"event", "block"},
            {"block", block.block},
            {"seconds", block.seconds},
            {"drift", block.drift},
            {"groups", measured}};
}

OrderedJson reconstructionEvent(const ReconstructedBlock& block) {
    return {{"event", "reconstruct"},          {"block", block.block},
            {"seconds", block.seconds},        {"error_before", block.errorBefore},
            {"error_after", block.errorAfter}, {"flipped_signs", block.flippedSigns}};
}

OrderedJson refinementEvent(const KlPoint& point) {
    OrderedJson event{{"event", "refine"},
                      {"tokens", point.tokens},
                      {"of", point.of},
                      {"kl", point.kl},
                      {"tokens_per_second", point.tokensPerSecond},
                      {"flipped_signs", point.flippedSigns}};
    if (point.heldOutFile)
        event["held_out_file_kl"] = *point.heldOutFile;
    if (point.heldOutSelf)
        event["held_out_self_kl"] = *point.heldOutSelf;
    return event;
}

std::string groupTable(const std::vector<BlockReport>& blocks) {
    using R = GroupReport;
    std::vector<std::vector<std::string>> rows;
    for (const InputGroup& g : groups()) {
        const auto index = static_cast<std::size_t>(g.kind);
        if (std::ranges::all_of(blocks, [&](const auto& b) { return b.groups[index].kept; }))
            continue;
        const auto one = [&](const char* pattern, double R::*value) {
            return format(pattern, mean(blocks, index, value));
        };
        const auto pair = [&](const char* pattern, double R::*before, double R::*after) {
            return one(pattern, before) + " -> " + one(pattern, after);
        };
        rows.push_back({std::string(g.name), one("%.4f", &R::activationError),
                        one("%.4f", &R::plainError),
                        pair("%.3f", &R::binarisationBefore, &R::binarisationAfter),
                        pair("%.2f", &R::kurtosisBefore, &R::kurtosisAfter),
                        pair("%.3f", &R::bimodalBefore, &R::bimodalAfter) + " -> " +
                            one("%.3f", &R::bimodalResidual),
                        pair("%.1f", &R::activationPeakBefore, &R::activationPeakAfter)});
    }
    return markdownTable({"group", "output error", "weight error", "binarisation error", "kurtosis",
                          "bimodal rows", "activation max/RMS"},
                         rows);
}

} // namespace bwla
