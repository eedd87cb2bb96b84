// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/quantize_command.h"

#include "core/quant/factors_text.h"
#include "core/quant/setting_names.h"
#include "core/quant/setting_options.h"

namespace bwla {
namespace {

/// Whether the command line needs the option. A rank and a budget exclude each other, and only a
/// rank turns a preset's budget off.
bool isSaid(const NumberOption& option, const QuantizeSettings& s, const QuantizeSettings& usual) {
    if (option.name == "--rank-budget" && s.rankBudget == 0.0)
        return false;
    if (option.name == "--rank")
        return s.rankBudget == 0.0 && (s.rank != usual.rank || usual.rankBudget > 0.0);
    return option.of(s) != option.of(usual);
}

const char* onOff(bool on) {
    return on ? "on" : "off";
}

} // namespace

std::vector<std::string> quantizeCommand(const QuantizeSettings& s) {
    const QuantizeSettings usual = presetSettings(s.preset, s.device);
    std::vector<std::string> words{"quantize",   s.modelPath, "-o",
                                   s.outputPath, "--preset",  s.preset};
    const auto say = [&](std::string_view name, const std::string& value) {
        words.emplace_back(name);
        words.push_back(value);
    };
    const auto choice = [&](std::string_view name, const std::string& value,
                            const std::string& usually) {
        if (value != usually)
            say(name, value);
    };
    choice("--activation-bits", std::to_string(s.activationBits),
           std::to_string(usual.activationBits));
    choice("--rotation", nameOf(s.rotation), nameOf(usual.rotation));
    choice("--okt", nameOf(s.oktMode), nameOf(usual.oktMode));
    choice("--okt-start", nameOf(s.oktStart), nameOf(usual.oktStart));
    choice("--okt-objective", nameOf(s.oktObjective), nameOf(usual.oktObjective));
    choice("--factors", factorsText(s), factorsText(usual));
    choice("--metric", nameOf(s.metric), nameOf(usual.metric));
    choice("--column-scales", onOff(s.columnScales), onOff(usual.columnScales));
    choice("--row-means", onOff(s.rowMeans), onOff(usual.rowMeans));
    choice("--clip-search", onOff(s.clipSearch), onOff(usual.clipSearch));
    choice("--layers", s.inFloat.layersText(), "");
    choice("--keep", s.inFloat.keptText(), "");
    choice("--refine", nameOf(s.refinement), nameOf(usual.refinement));
    for (const NumberOption& option : numberOptions())
        if (isSaid(option, s, usual))
            say(option.name, option.text(s));
    choice("--calibration", s.calibration, usual.calibration);
    choice("--device", s.device, QuantizeSettings().device);
    if (s.resume)
        words.emplace_back("--resume");
    return words;
}

bool isCustom(const QuantizeSettings& settings) {
    QuantizeSettings usual = presetSettings(settings.preset, settings.device);
    usual.calibration = settings.calibration; // which text is no knob of the recipe, its share is
    return recipeJson(settings) != recipeJson(usual);
}

} // namespace bwla
