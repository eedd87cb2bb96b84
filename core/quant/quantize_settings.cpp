// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/quantize_settings.h"

#include "core/error.h"
#include "core/model/near_equal_factors.h"
#include "core/quant/setting_names.h"
#include "core/quant/setting_options.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <thread>

namespace bwla {
namespace {

// Most bits a weight that a pair of wide int8 factors may cost. With it the default model gets
// 4x144 for q,k,v (0.30), 6x96 for o (0.22), 2x288 for gate,up (0.375), 8x192 for down (0.33).
constexpr double wideFactorBits = 0.4;

double factorBits(std::int64_t a, std::int64_t b, std::int64_t outputs) {
    return 8.0 * static_cast<double>(a * a + b * b) / static_cast<double>(a * b * outputs);
}

std::pair<int, int> equalFactors(std::int64_t inputs) {
    const auto [a, b] = nearEqualFactors(inputs);
    return {static_cast<int>(a), static_cast<int>(b)};
}

std::pair<int, int> wideFactors(std::int64_t inputs, std::int64_t outputs) {
    const auto equal = equalFactors(inputs);
    for (std::int64_t a = 2; a < equal.first; ++a)
        if (inputs % a == 0 && factorBits(a, inputs / a, outputs) <= wideFactorBits)
            return {static_cast<int>(a), static_cast<int>(inputs / a)};
    return equal;
}

/// Calibration text of the presets that train on a GPU: what their quality was measured with.
constexpr std::int64_t gpuTokens = 65'536;

/// What 2 cores spend on the closed form: with rounds to spare for half as much text again. Of so
/// little text people's is worth more than the model's own: 88.4 instead of 101.9 with a half
/// (docs/quality.md).
void fewRounds(QuantizeSettings& s, std::int64_t tokens, int flipRounds) {
    s.tokens = tokens;
    s.fileShare = 0.875;
    s.oktRounds = 5;
    s.pspRounds = 2;
    s.gptqRounds = 2;
    s.flipRounds = flipRounds;
}

/// What rank 12 everywhere takes in the default model.
constexpr double rankTwelveBits = 1.2834;
constexpr double mostBits = 1.2999; // what small models are compared at is 1.3

[[noreturn]] void reject(const std::string& sentenceText) {
    throw Error(ErrorCode::badArgument).because(sentenceText);
}

/// Everything that decides a refinement; its length in minutes makes a run that cannot be repeated
/// to the byte, but the same recipe all the same.
nlohmann::json refinementRecipe(const QuantizeSettings& s) {
    nlohmann::json recipe{{"parameters", nameOf(s.refinement)}};
    if (s.klMinutes > 0.0)
        recipe["minutes"] = s.klMinutes;
    else
        recipe["tokens"] = s.klTokens > 0 ? s.klTokens : usualKlTokens(s);
    if (s.klStep > 0)
        recipe["step"] = s.klStep;
    if (s.klWindow > 0)
        recipe["window"] = s.klWindow;
    if (s.reconstructEpochs > 0)
        recipe["reconstruct_epochs"] = s.reconstructEpochs;
    if (s.reconstructTokens > 0)
        recipe["reconstruct_tokens"] = s.reconstructTokens;
    if (s.reconstructStep > 0)
        recipe["reconstruct_step"] = s.reconstructStep;
    if (s.reconstructRate != QuantizeSettings().reconstructRate)
        recipe["reconstruct_rate"] = s.reconstructRate;
    if (s.rotationRate > 0.0)
        recipe["rotation_rate"] = s.rotationRate;
    if (s.klRate != 1.0)
        recipe["rate"] = s.klRate;
    if (s.refinement == Refinement::signs)
        recipe.update({{"latent_spread", s.latentSpread}, {"latent_rate", s.latentRate}});
    return recipe;
}

} // namespace

const std::vector<std::string_view>& presetNames() {
    static const std::vector<std::string_view> names{"fast", "balanced", "best", "paper"};
    return names;
}

QuantizeSettings presetSettings(std::string_view preset, const std::string& device) {
    QuantizeSettings s;
    s.device = device;
    s.preset = preset;
    if (preset == "fast") {
        // On 2 cores more calibration text is worth more than rounds of the fits, and 128 tokens a
        // step more than 512, since the number of steps counts (docs/quality.md).
        s.refinement = Refinement::scales;
        s.klTokens = device == "cpu" ? 14'336 : 1'048'576;
        s.klStep = device == "cpu" ? 128 : 2048;
        if (device == "cpu")
            fewRounds(s, 32'768, 1);
        else
            s.tokens = gpuTokens;
        return s;
    }
    if (preset == "balanced" || preset == "best") {
        // Two cores have no time for signs; on a GPU they are ahead of scales after two minutes
        // (docs/quality.md).
        const bool signs = preset == "best" || device != "cpu";
        s.refinement = signs ? Refinement::signs : Refinement::scales;
        if (preset == "balanced" && signs)
            s.klTokens = 40'000'000;
        if (device == "cpu" && !signs) {
            fewRounds(s, 65'536, 2);
            s.klStep = 128;
        }
        if (signs) // 2 % of perplexity for a minute of 2 cores
            s.rankBudget = preset == "best" ? mostBits : rankTwelveBits;
        // Blocks first: half a minute of an H200, worth three times the tokens that the KL then
        // reads.
        if (device != "cpu") {
            s.tokens = gpuTokens;
            s.reconstructEpochs = 4;
            if (preset == "best") // a tenth more tokens in the same time than 16,384 a step
                s.klStep = 32'768;
        }
        return s;
    }
    if (preset != "paper")
        reject("There is no preset \"" + std::string(preset) +
               "\". Use fast, balanced, best or paper.");
    s.oktStart = OktStart::identity;
    s.oktRounds = 40;
    s.pspRounds = 20;
    s.rank = -1;
    s.metric = Metric::plain;
    s.targetMix = 0.0;
    s.rowMeans = true;
    s.clipSearch = false;
    return s;
}

void validate(const QuantizeSettings& s) {
    for (const NumberOption& option : numberOptions())
        option.check(s);
    const int bits = s.activationBits;
    if (bits != 16 && bits != 8 && bits != 6 && bits != 4)
        reject("--activation-bits must be 16, 8, 6 or 4, not " + std::to_string(bits) + ".");
    if (s.rankBudget > 0.0 && s.pspRounds == 0)
        reject("--rank-budget needs a low-rank term: --psp-rounds must not be 0.");
    if (s.device != "cpu" && s.device != "cuda")
        reject("--device must be cpu or cuda, not \"" + s.device + "\".");
    if (s.calibration.empty())
        reject("--calibration needs \"self\", a text file, or FILE+self.");
    if (s.outputPath.empty())
        reject("Name the output folder with -o.");
}

std::string recipeJson(const QuantizeSettings& s) {
    nlohmann::json factors = nameOf(s.factors);
    nlohmann::json overrides = nlohmann::json::object();
    for (const InputGroup& g : groups())
        if (const auto& pair = s.factorsOverride[static_cast<std::size_t>(g.kind)])
            overrides[std::string(g.name)] = {pair->first, pair->second};
    nlohmann::json recipe{
        {"activation_bits", s.activationBits},
        {"rotation", nameOf(s.rotation)},
        {"okt", nameOf(s.oktMode)},
        {"okt_start", nameOf(s.oktStart)},
        {"okt_rounds", s.oktRounds},
        {"factors", factors},
        {"factors_override", overrides},
        {"metric", nameOf(s.metric)},
        {"target_mix", s.targetMix},
        {"target_shrinkage", s.targetShrinkage},
        {"shrinkage", s.shrinkage},
        {"psp_rounds", s.pspRounds},
        {"column_scales", s.columnScales},
        {"row_means", s.rowMeans},
        {"gptq_rounds", s.gptqRounds},
        {"flip_rounds", s.flipRounds},
        {"clip_search", s.clipSearch},
        {"tokens", s.tokens},
        {"seed", s.seed},
    };
    if (s.fileShare != QuantizeSettings().fileShare && s.calibration.ends_with("+self"))
        recipe["file_share"] = s.fileShare;
    if (s.oktObjective != OktObjective::weights)
        recipe["okt_objective"] = nameOf(s.oktObjective);
    if (s.activationBudget > 0.0)
        recipe["activation_budget"] = s.activationBudget;
    if (s.rankBudget > 0.0)
        recipe["rank_budget"] = s.rankBudget;
    else
        recipe["rank"] = s.rank;
    if (s.inFloat.layers)
        recipe["layers"] = s.inFloat.layersText();
    if (!s.inFloat.kept.empty())
        recipe["keep"] = s.inFloat.keptText();
    if (s.refinement != Refinement::none)
        recipe["refinement"] = refinementRecipe(s);
    return recipe.dump();
}

std::int64_t usualKlTokens(const QuantizeSettings& s) {
    if (s.device == "cpu")
        return 327'680;
    return s.refinement == Refinement::signs ? 280'000'000 : 48'000'000;
}

double refinementSecondsGuess(const QuantizeSettings& s, std::int64_t parameters) {
    if (s.refinement == Refinement::none)
        return 0.0;
    if (s.klMinutes > 0.0)
        return 60.0 * s.klMinutes;
    const auto tokens = static_cast<double>(s.klTokens > 0 ? s.klTokens : usualKlTokens(s));
    const auto cores = static_cast<double>(
        s.threads > 0 ? s.threads : std::max(1U, std::thread::hardware_concurrency()));
    // Tokens a second of the default model: an H200 in steps of 2048 (launches count) and longer
    // ones, a core with bfloat16 products, one with signs.
    const bool shortSteps = s.klStep > 0 && s.klStep <= 2048;
    const double speed = s.device != "cpu"                    ? (shortSteps ? 100e3 : 250e3)
                         : s.refinement == Refinement::scales ? 95.0 * cores
                                                              : 25.0 * cores;
    constexpr double measuredParameters = 134.5e6;
    return tokens / speed * static_cast<double>(parameters) / measuredParameters;
}

std::pair<int, int> rotationFactors(const QuantizeSettings& s, GroupKind kind, std::int64_t inputs,
                                    std::int64_t outputs) {
    if (const auto& pair = s.factorsOverride[static_cast<std::size_t>(kind)]) {
        if (pair->first < 1 || pair->second < 1 ||
            static_cast<std::int64_t>(pair->first) * pair->second != inputs)
            reject("--factors " + std::string(group(kind).name) + "=" +
                   std::to_string(pair->first) + "x" + std::to_string(pair->second) +
                   " does not fit: the factors must multiply to " + std::to_string(inputs) + ".");
        return *pair;
    }
    return s.factors == FactorRule::equal ? equalFactors(inputs) : wideFactors(inputs, outputs);
}

int effectiveRank(const QuantizeSettings& s, std::int64_t inputs) {
    if (s.pspRounds == 0)
        return 0;
    return s.rank >= 0
               ? s.rank
               : std::max(1, static_cast<int>(std::lround(0.005 * static_cast<double>(inputs))));
}

} // namespace bwla
