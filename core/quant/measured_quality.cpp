// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/measured_quality.h"

#include <array>

namespace bwla {
namespace {

constexpr double floatPerplexity = 17.09;
constexpr std::string_view cores = "2 cores", h200 = "one H200";
constexpr std::string_view self = "self", mix = "text+self";

struct Row {
    std::string_view preset;
    Refinement refinement;
    int activationBits;
    std::string_view device, calibration;
    std::int64_t tokens;
    double klMinutes;
    double after;
};

constexpr std::array<Row, 16> rows{{
    {"fast", Refinement::scales, 16, cores, mix, 32'768, 1.3, 88.44},
    {"fast", Refinement::scales, 6, cores, mix, 32'768, 1.3, 89.71},
    {"fast", Refinement::scales, 4, cores, mix, 32'768, 1.3, 112.1},
    {"fast", Refinement::scales, 16, cores, self, 32'768, 1.3, 323.8},
    {"fast", Refinement::scales, 6, cores, self, 32'768, 1.3, 330.1},
    {"balanced", Refinement::scales, 16, cores, mix, 65'536, 28.0, 55.22},
    {"balanced", Refinement::scales, 6, cores, mix, 65'536, 28.0, 55.70},
    {"balanced", Refinement::scales, 4, cores, mix, 65'536, 28.0, 67.10},
    {"fast", Refinement::scales, 16, h200, mix, 65'536, 0.2, 49.63},
    {"fast", Refinement::scales, 6, h200, mix, 65'536, 0.2, 50.04},
    {"balanced", Refinement::signs, 16, h200, mix, 65'536, 2.7, 28.84},
    {"balanced", Refinement::signs, 6, h200, mix, 65'536, 2.7, 28.91},
    {"balanced", Refinement::signs, 4, h200, mix, 65'536, 2.7, 30.34},
    {"best", Refinement::signs, 16, h200, mix, 65'536, 15.4, 25.53},
    {"best", Refinement::signs, 6, h200, mix, 65'536, 15.4, 25.59},
    {"best", Refinement::signs, 4, h200, mix, 65'536, 15.4, 26.77},
}};

bool sameShape(const ModelConfig& a, const ModelConfig& b) {
    const auto sides = [](const ModelConfig& c) {
        return std::array{c.layers,  c.width,   c.feedForward, c.heads,
                          c.kvHeads, c.headDim, c.vocabulary};
    };
    return sides(a) == sides(b) && a.tiedHead == b.tiedHead;
}

QuantizeSettings settingsOf(const Row& row) {
    QuantizeSettings settings = presetSettings(row.preset, row.device == h200 ? "cuda" : "cpu");
    settings.refinement = row.refinement;
    settings.activationBits = row.activationBits;
    return settings;
}

/// All that decides the result but the texts, and how long it trains.
std::string shortRecipe(QuantizeSettings settings) {
    const QuantizeSettings usual;
    settings.tokens = usual.tokens;
    settings.fileShare = usual.fileShare;
    settings.device = usual.device;
    settings.klTokens = 1;
    settings.klStep = 0;
    settings.reconstructEpochs = 0; // part of how long it trains
    settings.klMinutes = 0.0;
    return recipeJson(settings);
}

MeasuredQuality qualityOf(const Row& row) {
    const double share = row.calibration == self ? 0.0 : settingsOf(row).fileShare;
    return {floatPerplexity, row.after, row.device,   row.calibration,
            row.tokens,      share,     row.klMinutes};
}

} // namespace

const ModelConfig& measuredModel() {
    static const ModelConfig model = [] {
        ModelConfig c;
        c.layers = 30;
        c.width = 576;
        c.feedForward = 1536;
        c.heads = 9;
        c.kvHeads = 3;
        c.headDim = 64;
        c.vocabulary = 49152;
        c.tiedHead = true;
        return c;
    }();
    return model;
}

std::optional<MeasuredQuality> measuredQuality(const ModelConfig& config,
                                               const QuantizeSettings& settings) {
    if (!sameShape(config, measuredModel()) || settings.calibration != self ||
        settings.device != "cpu")
        return std::nullopt;
    for (const Row& row : rows) {
        if (row.calibration == self && recipeJson(settings) == recipeJson(settingsOf(row)))
            return qualityOf(row);
    }
    return std::nullopt;
}

std::optional<MeasuredQuality> similarQuality(const ModelConfig& config,
                                              const QuantizeSettings& settings) {
    if (!sameShape(config, measuredModel()))
        return std::nullopt;
    for (const Row& row : rows)
        if (row.preset == settings.preset && row.calibration == mix &&
            shortRecipe(settings) == shortRecipe(settingsOf(row)))
            return qualityOf(row);
    return std::nullopt;
}

} // namespace bwla
