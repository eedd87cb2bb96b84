// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/input_group.h"
#include "core/quant/float_parts.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bwla {

enum class RotationKind : std::uint8_t { learned, random, none, hadamard };
enum class OktMode : std::uint8_t { soft, hard };
enum class OktStart : std::uint8_t { random, identity };
/// What OKT turns into two peaks: the target's rows, those rows weighted by what they do to outputs
/// (kronecker_fit.h), or those rows and sampled inputs beside them.
enum class OktObjective : std::uint8_t { weights, outputs, inputs };
enum class Metric : std::uint8_t { activation, plain }; ///< "h" and "plain" on the command line

/// How rotation factors m1 x m2 = m are chosen (design 2).
enum class FactorRule : std::uint8_t {
    equal, ///< as near to sqrt(m) as divisors allow
    wide,  ///< the most unequal pair whose int8 factors cost at most 0.4 bit a weight
};

/// KL of the logits through the whole model after the closed form: never, of scales, gains and low
/// rank, or of the signs too ("none", "scales", "signs" on the command line).
enum class Refinement : std::uint8_t { none, scales, signs };

/// Every knob of a quantization. The defaults are the closed form.
struct QuantizeSettings {
    std::string preset = "fast"; ///< only a label: presetSettings() sets the knobs
    std::string modelPath;
    std::string outputPath;

    int activationBits = 6; ///< written to the artifact: 16, 8, 6 or 4; training has them too
    /// > 0: bits of the finished model's activations on average, 4 to 8 a group, more where they
    /// are worth more (activation_budget.h)
    double activationBudget = 0.0;
    RotationKind rotation = RotationKind::learned;
    OktMode oktMode = OktMode::soft;
    OktStart oktStart = OktStart::random;
    OktObjective oktObjective = OktObjective::weights;
    int oktRounds = 20;
    FactorRule factors = FactorRule::equal;
    std::array<std::optional<std::pair<int, int>>, groupCount> factorsOverride; ///< GROUP=AxB

    Metric metric = Metric::activation;
    double targetMix = 0.5;        ///< t of the corrected target, 0 = plain weights
    double targetShrinkage = 0.01; ///< of H toward its mean diagonal, for the corrected target
    double shrinkage = 0.05;       ///< of H for the fits
    int rank = 12;                 ///< of the low-rank term; -1 = the paper's rule, 0.005 m
    /// > 0: not one rank for all, but as many as fit into these bits a quantized weight (strict, as
    /// info counts them), each where it is worth most (rank_budget.h)
    double rankBudget = 0.0;
    int pspRounds = 8; ///< 0 = no low-rank term
    bool columnScales = true;
    bool rowMeans = false;
    int gptqRounds = 3;     ///< at most; stops when the error rises
    int flipRounds = 4;     ///< rounds of sign flips, scales, low rank
    bool clipSearch = true; ///< of the activation range, off at 16 bits

    FloatParts inFloat; ///< what is not quantized

    Refinement refinement = Refinement::none;
    int reconstructEpochs = 0;          ///< of block reconstruction before it; 0 = none
    std::int64_t reconstructTokens = 0; ///< of text that an epoch reads; 0 = 768 windows
    std::int64_t reconstructStep = 0;   ///< tokens of one of its steps; 0 = 4 windows
    double reconstructRate = 0.02;      ///< of its latents' steps; 0 = signs stay
    std::int64_t klTokens = 0;          ///< the refinement reads; 0 = usualKlTokens()
    double klMinutes = 0.0;    ///< > 0: as many tokens as fit, which depends on the machine
    std::int64_t klStep = 0;   ///< tokens of one step; 0 = as many as suit the device
    std::int64_t klWindow = 0; ///< tokens that attend to each other; 0 = as many as suit the device
    double latentSpread = 0.2; ///< of the latents' start; less = signs turn sooner
    double latentRate = 0.01;  ///< of the latents' steps
    double rotationRate =
        0.0;             ///< of the rotations' steps, in units of their factors; 0 = they stay
    double klRate = 1.0; ///< times the study's rates of scales, gains and low rank

    std::string calibration = "self"; ///< "self", a text file, or "FILE+self"
    std::int64_t tokens = 16384;
    double fileShare = 0.5; ///< of FILE+self: the file's, in calibration and at most in training
    std::uint64_t seed = 0;
    int threads = 0;            ///< 0 = all physical cores; not part of the recipe
    std::string device = "cpu"; ///< "cpu" or "cuda"
    bool resume = false;
    bool trace = false; ///< send FitMoments and GroupActivations (fit_trace.h); not of the recipe
};

/// Names of the presets that exist, in the order to offer them.
[[nodiscard]] const std::vector<std::string_view>& presetNames();
/// The knobs of a preset; paths and run options stay default. Throws Error{badArgument}.
[[nodiscard]] QuantizeSettings presetSettings(std::string_view name,
                                              const std::string& device = "cpu");
/// Throws Error{badArgument} with a sentence that names the option.
void validate(const QuantizeSettings& settings);
/// What decides the result, as JSON with sorted keys: no paths, thread counts or resume.
[[nodiscard]] std::string recipeJson(const QuantizeSettings& settings);

/// What the preset's refinement reads on this device: about 30 minutes of 2 cores, 3 (scales) or 15
/// (signs) of an H200, for the default model; balanced on a GPU names its own.
[[nodiscard]] std::int64_t usualKlTokens(const QuantizeSettings& settings);

/// Seconds that the refinement will take, 0 without one: what docs/quality.md measured, scaled by
/// tokens, parameters of the model and cores. A guess until it runs, right within a factor of two.
[[nodiscard]] double refinementSecondsGuess(const QuantizeSettings& settings,
                                            std::int64_t parameters);

/// m1 x m2 for a group of `inputs` m and `outputs` n (all linears of the group together).
/// Throws Error{badArgument} where an override does not multiply to m.
[[nodiscard]] std::pair<int, int> rotationFactors(const QuantizeSettings& settings, GroupKind kind,
                                                  std::int64_t inputs, std::int64_t outputs);

/// Rank of the low-rank term of a group of `inputs` m; 0 = none. Without a budget.
[[nodiscard]] int effectiveRank(const QuantizeSettings& settings, std::int64_t inputs);

} // namespace bwla
