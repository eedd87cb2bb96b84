// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/quantize_command.h"

#include "core/quant/setting_names.h"

#include <array>
#include <charconv>
#include <type_traits>

namespace bwla {
namespace {

std::string text(std::integral auto value) {
    return std::to_string(value);
}

/// The shortest text that reads back as the same number.
std::string text(double value) {
    std::array<char, 32> buffer{};
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
    return {buffer.data(), end};
}

template<class Choice>
requires std::is_enum_v<Choice> std::string text(Choice choice) {
    return nameOf(choice);
}

std::string factorsText(const QuantizeSettings& s) {
    std::string list;
    for (const InputGroup& g : groups())
        if (const auto& pair = s.factorsOverride[static_cast<std::size_t>(g.kind)])
            list.append(list.empty() ? "" : ",")
                .append(g.name)
                .append("=")
                .append(text(pair->first))
                .append("x")
                .append(text(pair->second));
    if (!list.empty())
        return list;
    return nameOf(s.factors);
}

class Words {
public:
    explicit Words(std::vector<std::string> start) : words_(std::move(start)) {}

    template<class T>
    void option(const char* name, const T& value, const T& usual) {
        if (value != usual)
            add(name, text(value));
    }
    void add(const char* name, std::string value) {
        words_.emplace_back(name);
        words_.push_back(std::move(value));
    }
    void flag(const char* name) { words_.emplace_back(name); }
    [[nodiscard]] std::vector<std::string> list() && { return std::move(words_); }

private:
    std::vector<std::string> words_;
};

} // namespace

std::vector<std::string> quantizeCommand(const QuantizeSettings& s) {
    const QuantizeSettings usual = presetSettings(s.preset, s.device);
    Words words({"quantize", s.modelPath, "-o", s.outputPath, "--preset", s.preset});
    words.option("--activation-bits", s.activationBits, usual.activationBits);
    words.option("--activation-budget", s.activationBudget, usual.activationBudget);
    words.option("--rotation", s.rotation, usual.rotation);
    words.option("--okt", s.oktMode, usual.oktMode);
    words.option("--okt-rounds", s.oktRounds, usual.oktRounds);
    if (factorsText(s) != factorsText(usual))
        words.add("--factors", factorsText(s));
    words.option("--metric", s.metric, usual.metric);
    words.option("--target-mix", s.targetMix, usual.targetMix);
    if (s.rankBudget > 0.0)
        words.option("--rank-budget", s.rankBudget, usual.rankBudget);
    else if (s.rank != usual.rank || usual.rankBudget > 0.0) // which only a rank turns off
        words.add("--rank", std::to_string(s.rank));
    words.option("--psp-rounds", s.pspRounds, usual.pspRounds);
    words.option("--gptq-rounds", s.gptqRounds, usual.gptqRounds);
    words.option("--flip-rounds", s.flipRounds, usual.flipRounds);
    if (s.columnScales != usual.columnScales)
        words.add("--column-scales", s.columnScales ? "on" : "off");
    if (s.inFloat.layers)
        words.add("--layers", s.inFloat.layersText());
    if (!s.inFloat.kept.empty())
        words.add("--keep", s.inFloat.keptText());
    words.option("--refine", s.refinement, usual.refinement);
    words.option("--reconstruct", s.reconstructEpochs, usual.reconstructEpochs);
    words.option("--reconstruct-tokens", s.reconstructTokens, usual.reconstructTokens);
    words.option("--reconstruct-step", s.reconstructStep, usual.reconstructStep);
    words.option("--reconstruct-rate", s.reconstructRate, usual.reconstructRate);
    words.option("--kl-tokens", s.klTokens, usual.klTokens);
    words.option("--kl-minutes", s.klMinutes, usual.klMinutes);
    words.option("--kl-step", s.klStep, usual.klStep);
    words.option("--latent-spread", s.latentSpread, usual.latentSpread);
    words.option("--latent-rate", s.latentRate, usual.latentRate);
    words.option("--rotation-rate", s.rotationRate, usual.rotationRate);
    words.option("--kl-rate", s.klRate, usual.klRate);
    if (s.calibration != usual.calibration)
        words.add("--calibration", s.calibration);
    words.option("--tokens", s.tokens, usual.tokens);
    words.option("--seed", s.seed, usual.seed);
    if (s.threads != 0)
        words.add("--threads", text(s.threads));
    if (s.device != QuantizeSettings().device)
        words.add("--device", s.device);
    if (s.resume)
        words.flag("--resume");
    return std::move(words).list();
}

bool isCustom(const QuantizeSettings& settings) {
    return recipeJson(settings) != recipeJson(presetSettings(settings.preset, settings.device));
}

} // namespace bwla
