// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/block_report.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace bwla {
namespace {

/// Every number of a report with its name in JSON.
template<class Report, class Visit>
void visitNumbers(Report& r, const Visit& visit) {
    visit("activation_error", r.activationError);
    visit("plain_error", r.plainError);
    visit("binarisation_before", r.binarisationBefore);
    visit("binarisation_after", r.binarisationAfter);
    visit("kurtosis_before", r.kurtosisBefore);
    visit("kurtosis_after", r.kurtosisAfter);
    visit("bimodal_before", r.bimodalBefore);
    visit("bimodal_after", r.bimodalAfter);
    visit("bimodal_residual", r.bimodalResidual);
    visit("peak_before", r.activationPeakBefore);
    visit("peak_after", r.activationPeakAfter);
    visit("clip", r.clip);
}

} // namespace

GroupReport meanReport(const std::vector<BlockReport>& blocks) {
    GroupReport mean;
    double groups = 0.0;
    std::vector<double> sums;
    visitNumbers(mean, [&](const char*, double) { sums.push_back(0.0); });
    for (const BlockReport& block : blocks)
        for (const GroupReport& g : block.groups) {
            if (g.kept)
                continue;
            groups += 1.0;
            auto sum = sums.begin();
            visitNumbers(g, [&](const char*, double value) { *sum++ += value; });
        }
    auto sum = sums.begin();
    visitNumbers(mean, [&](const char*, double& value) { value = *sum++ / std::max(groups, 1.0); });
    return mean;
}

std::string toJson(const BlockReport& report) {
    nlohmann::json json{{"block", report.block}, {"drift", report.drift}};
    for (const GroupReport& g : report.groups) {
        auto& numbers = json["groups"][std::string(group(g.kind).name)];
        if (g.kept)
            numbers["kept"] = true;
        else
            visitNumbers(g, [&](const char* key, double value) { numbers[key] = value; });
    }
    return json.dump();
}

BlockReport blockReportFromJson(const std::string& text) {
    const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
    BlockReport report;
    if (!json.is_object())
        return report;
    report.block = json.value("block", std::int64_t{0});
    report.drift = json.value("drift", 0.0);
    const auto all = json.value("groups", nlohmann::json::object());
    for (const InputGroup& g : groups()) {
        GroupReport& r = report.groups[static_cast<std::size_t>(g.kind)];
        r.kind = g.kind;
        const auto numbers = all.value(std::string(g.name), nlohmann::json::object());
        r.kept = numbers.value("kept", false);
        visitNumbers(r, [&](const char* key, double& value) { value = numbers.value(key, value); });
    }
    return report;
}

} // namespace bwla
