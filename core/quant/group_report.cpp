// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/group_report.h"

#include "core/stats/activation_tails.h"
#include "core/stats/mixture.h"
#include "core/stats/moments.h"

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace bwla {
namespace {

constexpr std::int64_t sampledRows = 64;

struct RowNumbers {
    double binarisation = 0.0;
    double kurtosis = 0.0;
    double bimodal = 0.0;
};

RowNumbers rowNumbers(const Matrix& w) {
    const std::int64_t rows = w.rows(), cols = w.cols();
    const std::int64_t count = std::min(rows, sampledRows);
    const at::Tensor index = (at::arange(count, at::kLong) * rows) / count;
    const std::vector<float> values =
        Matrix(w.tensor().index_select(0, index.to(at::kLong).to(w.tensor().device()))).toHost();
    RowNumbers sum;
    for (std::int64_t i = 0; i < count; ++i) {
        const auto row = std::span(values).subspan(static_cast<std::size_t>(i * cols),
                                                   static_cast<std::size_t>(cols));
        sum.binarisation += binarisationError(row);
        sum.kurtosis += kurtosis(row);
        sum.bimodal += fitEqualMixture(row).bimodal() ? 1.0 : 0.0;
    }
    const auto n = static_cast<double>(count);
    return {sum.binarisation / n, sum.kurtosis / n, sum.bimodal / n};
}

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

GroupReport reportGroup(const GroupEvidence& e) {
    GroupReport report;
    report.plainError = plainError(e.y, e.fit);
    report.activationError = metricError(e.y, e.h, e.fit);
    const RowNumbers before = rowNumbers(e.weights), after = rowNumbers(e.y);
    report.binarisationBefore = before.binarisation;
    report.kurtosisBefore = before.kurtosis;
    report.bimodalBefore = before.bimodal;
    report.binarisationAfter = after.binarisation;
    report.kurtosisAfter = after.kurtosis;
    report.bimodalAfter = after.bimodal;
    const Matrix residual(e.y.tensor() - lowRankPart(e.fit).tensor());
    report.bimodalResidual = rowNumbers(residual).bimodal;
    report.activationPeakBefore = meanPeakToRms(e.sample.toHost(), e.sample.cols());
    report.activationPeakAfter = meanPeakToRms(e.prepared.toHost(), e.prepared.cols());
    return report;
}

std::string toJson(const BlockReport& report) {
    nlohmann::json json{{"block", report.block}, {"drift", report.drift}};
    for (const GroupReport& g : report.groups)
        visitNumbers(g, [&](const char* key, double value) {
            json["groups"][std::string(group(g.kind).name)][key] = value;
        });
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
        visitNumbers(r, [&](const char* key, double& value) { value = numbers.value(key, value); });
    }
    return report;
}

} // namespace bwla
