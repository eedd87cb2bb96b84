// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/quantize_options.h"

#include "app/cli/checks.h"
#include "core/error.h"
#include "core/quant/factors_text.h"
#include "core/quant/setting_names.h"

#include <vector>

namespace bwla {
namespace {

template<class Choice>
std::vector<std::string> names() {
    std::vector<std::string> all;
    for (const auto& named : choices<Choice>)
        all.emplace_back(named.name);
    return all;
}

template<class T>
void set(T& target, const std::optional<T>& given) {
    if (given)
        target = *given;
}

/// CLI11 has checked that the name is one of names().
template<class Choice>
void setNamed(Choice& target, const std::optional<std::string>& given) {
    if (given)
        target = choiceNamed<Choice>(*given).value();
}

void setOnOff(bool& target, const std::optional<std::string>& given) {
    if (given)
        target = *given == "on";
}

template<class Number>
CLI::Option* addNumber(CLI::App& verb, const char* name, std::optional<Number>& target,
                       const char* text) {
    return verb.add_option(name, target, text)->check(zeroOrMore());
}

} // namespace

void QuantizeOptions::addTo(CLI::App& verb) {
    verb.add_option("model", model_, "GGUF file or Hugging Face folder")->required();
    verb.add_option("-o,--output", out_, "Folder to write")->required();
    std::vector<std::string> presets(presetNames().begin(), presetNames().end());
    verb.add_option(
            "--preset", preset_,
            "fast (5 minutes of 2 cores; default), balanced (trains scales for 40 minutes on 2 "
            "cores, or signs too for 4 on an H200), best (trains signs for 20 minutes of an H200) "
            "or paper")
        ->check(CLI::IsMember(presets));
    addMethodOptions(verb);
    addTrainingOptions(verb);
    addRunOptions(verb);
}

void QuantizeOptions::addMethodOptions(CLI::App& verb) {
    const char* const method = "Method";
    const auto choice = [&](const char* name, auto& target, const char* text, auto allowed) {
        verb.add_option(name, target, text)->check(CLI::IsMember(allowed))->group(method);
    };
    const auto count = [&](const char* name, auto& target, const char* text) {
        addNumber(verb, name, target, text)->group(method);
    };
    const auto share = [&](const char* name, auto& target, const char* text) {
        verb.add_option(name, target, text)->group(method);
    };
    choice("--activation-bits", activationBits_, "Activation bits: 16, 8, 6 or 4",
           std::vector<int>{16, 8, 6, 4});
    verb.add_option("--activation-budget", activationBudget_,
                    "Bits of the activations on average: 4 to 8 a group, more where they are "
                    "worth more")
        ->group(method)
        ->excludes("--activation-bits");
    verb.add_option("--rank", rank_,
                    "Rank of the low-rank term, the same everywhere; -1 = the paper's rule")
        ->group(method);
    verb.add_option("--rank-budget", rankBudget_,
                    "Bits a weight that the result may have: low rank fills them, more of it where "
                    "it is worth more")
        ->group(method)
        ->excludes("--rank");
    count("--okt-rounds", oktRounds_, "Rounds of the rotation solver");
    choice("--rotation", rotation_, "okt (learned), random, hadamard or none",
           names<RotationKind>());
    choice("--okt", okt_, "Assignments of the rotation solver: soft or hard", names<OktMode>());
    choice("--okt-start", oktStart_, "Where it begins: a random rotation, or identity",
           names<OktStart>());
    choice("--okt-objective", oktObjective_,
           "What it makes bimodal: weights, weights by their effect on outputs, or inputs too",
           names<OktObjective>());
    verb.add_option("--factors", factors_, "equal, wide or GROUP=AxB,...")->group(method);
    choice("--metric", metric_, "Error to reduce: h (of outputs) or plain (of weights)",
           names<Metric>());
    share("--target-mix", targetMix_, "Share of the corrected target, 0 to 1");
    share("--target-shrinkage", targetShrinkage_,
          "Of the inputs' second moment, for that target: toward its mean diagonal, 0 to 1");
    share("--shrinkage", shrinkage_, "The same for the fits in the metric h");
    count("--psp-rounds", pspRounds_, "Rounds of the low-rank solver, 0 = no low-rank term");
    count("--gptq-rounds", gptqRounds_, "Passes of GPTQ compensation, in the metric h");
    count("--flip-rounds", flipRounds_, "Rounds of exact sign flips, in the metric h");
    const std::vector<std::string> onOff{"on", "off"};
    choice("--column-scales", columnScales_, "on or off: a scale an input", onOff);
    choice("--row-means", rowMeans_, "on or off: a mean an output beside its scale", onOff);
    choice("--clip-search", clipSearch_, "on or off: cut off the inputs' range where it helps",
           onOff);
    verb.add_option("--layers", layers_,
                    "Quantize blocks A to B, from 0; the others stay in float: A-B")
        ->group(method);
    verb.add_option("--keep", keep_,
                    "Stays in float: blocks, groups and BLOCK:GROUP, as 0,attn_out,5:mlp_in")
        ->group(method);
}

void QuantizeOptions::addTrainingOptions(CLI::App& verb) {
    const char* const training = "Training";
    const auto count = [&](const char* name, auto& target, const char* text) {
        addNumber(verb, name, target, text)->group(training);
    };
    verb.add_option(
            "--refine", refine_,
            "Train towards the original's answers: none, scales (with norms and low rank) or signs "
            "(everything; for a GPU)")
        ->check(CLI::IsMember(names<Refinement>()))
        ->group(training);
    count("--reconstruct", reconstructEpochs_,
          "Epochs that train block after block before the refinement, 0 = none");
    count("--reconstruct-tokens", reconstructTokens_, "Tokens of an epoch, 0 = 768 windows");
    count("--reconstruct-step", reconstructStep_, "Tokens of one of its steps, 0 = 4 windows");
    count("--reconstruct-rate", reconstructRate_, "Rate of the signs it trains, 0 = they stay");
    count("--kl-tokens", klTokens_, "Tokens that the refinement reads, 0 = the preset's");
    count("--kl-minutes", klMinutes_,
          "Length of the refinement in minutes instead (not repeatable to the byte)");
    count("--kl-step", klStep_, "Tokens of one step of the refinement, 0 = what suits the device");
    count("--kl-window", klWindow_,
          "Tokens of one window of the refinement, 0 = what suits the device");
    count("--latent-spread", latentSpread_, "Start of trained signs: less = they turn sooner");
    count("--latent-rate", latentRate_, "Rate of trained signs");
    count("--rotation-rate", rotationRate_,
          "Rate at which the refinement trains the rotations too, 0 = it does not");
    count("--kl-rate", klRate_, "Times the usual rates of scales, norms and low rank");
}

void QuantizeOptions::addRunOptions(CLI::App& verb) {
    const char* const run = "Calibration and run";
    verb.add_option("--calibration", calibration_,
                    "self (the model writes it), a text FILE, or FILE+self")
        ->group(run);
    verb.add_option("--tokens", tokens_, "Calibration tokens")->check(aboveZero())->group(run);
    addNumber(verb, "--file-share", fileShare_, "The file's share where FILE+self calibrates")
        ->group(run);
    verb.add_option("--seed", seed_, "Seed of everything random")->check(zeroOrMore())->group(run);
    verb.add_option("--device", device_, "cpu or cuda")
        ->check(CLI::IsMember({"cpu", "cuda"}))
        ->group(run);
    verb.add_flag("--resume", resume_, "Continue an unfinished run, or verify a finished one")
        ->group(run);
}

QuantizeSettings QuantizeOptions::settings(int threads) const {
    if (model_.empty())
        throw Error(ErrorCode::badArgument).because("The name of the model is empty.");
    QuantizeSettings settings = presetSettings(preset_, device_);
    settings.modelPath = model_;
    settings.outputPath = out_;
    applyMethod(settings);
    set(settings.calibration, calibration_);
    set(settings.tokens, tokens_);
    set(settings.fileShare, fileShare_);
    set(settings.seed, seed_);
    settings.threads = threads;
    settings.device = device_;
    settings.resume = resume_;
    validate(settings);
    return settings;
}

void QuantizeOptions::applyMethod(QuantizeSettings& settings) const {
    set(settings.activationBits, activationBits_);
    set(settings.activationBudget, activationBudget_);
    set(settings.rank, rank_);
    if (rank_ || pspRounds_ == 0) // instead of a preset's budget
        settings.rankBudget = 0.0;
    set(settings.rankBudget, rankBudget_);
    set(settings.oktRounds, oktRounds_);
    set(settings.pspRounds, pspRounds_);
    set(settings.gptqRounds, gptqRounds_);
    set(settings.flipRounds, flipRounds_);
    set(settings.targetMix, targetMix_);
    set(settings.targetShrinkage, targetShrinkage_);
    set(settings.shrinkage, shrinkage_);
    setNamed(settings.rotation, rotation_);
    setNamed(settings.oktMode, okt_);
    setNamed(settings.oktStart, oktStart_);
    setNamed(settings.oktObjective, oktObjective_);
    setNamed(settings.metric, metric_);
    setNamed(settings.refinement, refine_);
    set(settings.klTokens, klTokens_);
    set(settings.klMinutes, klMinutes_);
    set(settings.reconstructEpochs, reconstructEpochs_);
    set(settings.reconstructTokens, reconstructTokens_);
    set(settings.reconstructStep, reconstructStep_);
    set(settings.reconstructRate, reconstructRate_);
    set(settings.klStep, klStep_);
    set(settings.klWindow, klWindow_);
    set(settings.latentSpread, latentSpread_);
    set(settings.latentRate, latentRate_);
    set(settings.rotationRate, rotationRate_);
    set(settings.klRate, klRate_);
    setOnOff(settings.columnScales, columnScales_);
    setOnOff(settings.rowMeans, rowMeans_);
    setOnOff(settings.clipSearch, clipSearch_);
    if (layers_)
        settings.inFloat.setLayers(*layers_);
    if (keep_)
        settings.inFloat.setKept(*keep_);
    if (factors_)
        setFactors(settings, *factors_);
}

} // namespace bwla
