// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/group_report.h"

#include "core/stats/activation_tails.h"
#include "core/stats/mixture.h"
#include "core/stats/moments.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

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
    std::vector<RowNumbers> numbers(static_cast<std::size_t>(count));
    at::parallel_for(0, count, 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
            const auto row = std::span(values).subspan(static_cast<std::size_t>(i * cols),
                                                       static_cast<std::size_t>(cols));
            numbers[static_cast<std::size_t>(i)] = {binarisationError(row), kurtosis(row),
                                                    fitEqualMixture(row).bimodal() ? 1.0 : 0.0};
        }
    });
    RowNumbers sum;
    for (const RowNumbers& row : numbers) {
        sum.binarisation += row.binarisation;
        sum.kurtosis += row.kurtosis;
        sum.bimodal += row.bimodal;
    }
    const auto n = static_cast<double>(count);
    return {sum.binarisation / n, sum.kurtosis / n, sum.bimodal / n};
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

} // namespace bwla
