// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/rope_frequencies.h"

#include "core/error.h"

#include <cmath>
#include <numbers>

namespace bwla {
namespace {

double positive(const JsonObject& scaling, const char* key) {
    const auto value = scaling.number(key);
    if (!value)
        scaling.refuse(key, "of the rope scaling is missing");
    if (!(*value > 0.0) || !std::isfinite(*value))
        scaling.refuse(key, "of the rope scaling is not positive");
    return *value;
}

struct Llama3 {
    double factor;
    double lowFactor;
    double highFactor;
    double originalContext;

    [[nodiscard]] double scaled(double frequency) const {
        const double turns = originalContext * frequency / (2.0 * std::numbers::pi);
        if (turns < lowFactor)
            return frequency / factor;
        if (turns > highFactor)
            return frequency;
        const double smooth = (turns - lowFactor) / (highFactor - lowFactor);
        return (1.0 - smooth) * frequency / factor + smooth * frequency;
    }
};

std::vector<double> divisorList(const JsonObject& scaling, std::size_t count) {
    const Json* list = scaling.find("divisors");
    if (list == nullptr || !list->is_array() || list->size() != count)
        scaling.refuse("divisors", "of the rope scaling do not fit the head");
    std::vector<double> values;
    for (const Json& item : *list) {
        if (!item.is_number() || !(item.get<double>() > 0.0))
            scaling.refuse("divisors", "of the rope scaling are not positive numbers");
        values.push_back(item.get<double>());
    }
    return values;
}

std::vector<double> plainFrequencies(std::int64_t headDim, double theta) {
    std::vector<double> frequencies(static_cast<std::size_t>(headDim / 2));
    for (std::size_t i = 0; i < frequencies.size(); ++i)
        frequencies[i] =
            std::pow(theta, -2.0 * static_cast<double>(i) / static_cast<double>(headDim));
    return frequencies;
}

} // namespace

std::vector<float> ropeFrequencies(std::int64_t headDim, double theta, const JsonObject& scaling) {
    auto frequencies = plainFrequencies(headDim, theta);
    // "type" is the older spelling of "rope_type"
    const std::string type =
        scaling.text("rope_type").value_or(scaling.text("type").value_or("default"));
    if (type == "linear") {
        const double factor = positive(scaling, "factor");
        for (double& frequency : frequencies)
            frequency /= factor;
    } else if (type == "llama3") {
        const Llama3 rule{positive(scaling, "factor"), positive(scaling, "low_freq_factor"),
                          positive(scaling, "high_freq_factor"),
                          positive(scaling, "original_max_position_embeddings")};
        if (rule.highFactor <= rule.lowFactor)
            scaling.refuse("high_freq_factor", "of the rope scaling is below low_freq_factor");
        for (double& frequency : frequencies)
            frequency = rule.scaled(frequency);
    } else if (type == "divisors") {
        const auto divisors = divisorList(scaling, frequencies.size());
        for (std::size_t i = 0; i < frequencies.size(); ++i)
            frequencies[i] /= divisors[i];
    } else if (type != "default") {
        throw Error(ErrorCode::unsupportedFamily)
            .in(scaling.file().string())
            .because("llama with rope scaling " + type);
    }
    return {frequencies.begin(), frequencies.end()};
}

Json ropeScalingOf(const std::vector<float>& divisors, double theta) {
    const auto plain = plainFrequencies(static_cast<std::int64_t>(divisors.size()) * 2, theta);
    // Llama 3.1, 3.2 and 3.3: factor 8 or 32, and always 1, 4 and 8192
    const Llama3 rule{divisors.empty() ? 1.0 : double{divisors.back()}, 1.0, 4.0, 8192.0};
    bool published = rule.factor > 1.0;
    for (std::size_t i = 0; i < divisors.size(); ++i)
        published = published &&
                    std::abs(plain[i] / rule.scaled(plain[i]) - divisors[i]) < 1e-5 * divisors[i];
    if (!published)
        return {{"rope_type", "divisors"}, {"divisors", divisors}};
    return {{"rope_type", "llama3"},
            {"factor", rule.factor},
            {"low_freq_factor", rule.lowFactor},
            {"high_freq_factor", rule.highFactor},
            {"original_max_position_embeddings", 8192}};
}

} // namespace bwla
