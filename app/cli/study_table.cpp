// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/study_table.h"

#include "app/cli/text.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace bwla {
namespace {

struct Measurement {
    const StudyMeasurement& whole;
    GroupReport mean;
};
using Measured = std::vector<Measurement>;
using Number = std::function<double(const Measurement&)>;

Number ofMean(double GroupReport::*value) {
    return [value](const Measurement& m) { return m.mean.*value; };
}

double mean(const Measured& all, const Number& number) {
    double sum = 0.0;
    for (const Measurement& m : all)
        sum += number(m);
    return sum / static_cast<double>(all.size());
}

/// Of a sample: divided by one less than its size.
double standardDeviation(const Measured& all, const Number& number) {
    const double centre = mean(all, number);
    double sum = 0.0;
    for (const Measurement& m : all)
        sum += (number(m) - centre) * (number(m) - centre);
    return std::sqrt(sum / static_cast<double>(all.size() - 1));
}

/// Four digits that mean something, and the spread where there is one.
std::string perplexityText(const Measured& all, std::size_t bits) {
    const Number number = [bits](const Measurement& m) { return m.whole.perplexity[bits]; };
    const double value = mean(all, number);
    const char* pattern = value < 100.0 ? "%.2f" : value < 1000.0 ? "%.1f" : "%.0f";
    std::string text = format(pattern, value);
    if (all.size() > 1)
        text += " +- " + format(pattern, standardDeviation(all, number));
    return text;
}

std::string percent(double share) {
    return format("%.1f %%", 100.0 * share);
}

std::vector<std::string> tableRow(const StudyRow& row, const Measured& all) {
    const auto report = [&](const char* pattern, double GroupReport::*value) {
        return format(pattern, mean(all, ofMean(value)));
    };
    std::vector<std::string> cells{
        std::string(row.name),
        std::string(row.what),
        format("%.3f", mean(all, [](const auto& m) { return m.whole.bitsPerWeight; })),
        report("%.3f", &GroupReport::binarisationAfter),
        percent(mean(all, ofMean(&GroupReport::bimodalAfter))),
        percent(mean(all, ofMean(&GroupReport::bimodalResidual))),
        report("%.3f", &GroupReport::plainError),
        report("%.4f", &GroupReport::activationError)};
    for (std::size_t bits = 0; bits < studyActivationBits.size(); ++bits)
        cells.push_back(perplexityText(all, bits));
    cells.push_back(std::to_string(all.size()));
    return cells;
}

} // namespace

OrderedJson measurementDocument(const StudyMeasurement& m) {
    const GroupReport report = meanReport(m.blocks);
    OrderedJson document{{"event", "row"},
                         {"row", m.row},
                         {"seed", m.seed},
                         {"bits_linear", m.bitsPerWeight},
                         {"binarisation_before", report.binarisationBefore},
                         {"binarisation_after", report.binarisationAfter},
                         {"bimodal_after", report.bimodalAfter},
                         {"bimodal_residual", report.bimodalResidual},
                         {"plain_error", report.plainError},
                         {"activation_error", report.activationError}};
    for (std::size_t i = 0; i < studyActivationBits.size(); ++i)
        document["perplexity_a" + std::to_string(studyActivationBits[i])] = m.perplexity[i];
    document["seconds"] = m.seconds;
    return document;
}

std::string studyTable(const std::vector<StudyRow>& rows,
                       const std::vector<StudyMeasurement>& measurements) {
    std::vector<std::vector<std::string>> table;
    for (const StudyRow& row : rows) {
        Measured all;
        for (const StudyMeasurement& measurement : measurements)
            if (measurement.row == row.name)
                all.push_back({measurement, meanReport(measurement.blocks)});
        if (!all.empty())
            table.push_back(tableRow(row, all));
    }
    return markdownTable({"row", "what", "bits", "binarisation error", "bimodal rows",
                          "after low rank", "weight error", "output error", "W1A16", "W1A6", "W1A4",
                          "seeds"},
                         table);
}

} // namespace bwla
