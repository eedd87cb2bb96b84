// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/quantize_estimate.h"

#include "core/model/artifact_layout.h"
#include "core/quant/measured_quality.h"
#include "core/quant/rank_budget.h"
#include "kernels/cpu/cpu_features.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace bwla {
namespace {

// Measured: `fast` of SmolLM2-135M-Instruct on 2 cores of an AVX-512 server (docs/quality.md, "On a
// processor"), each part brought to 16,384 tokens, 20 and 8 rounds of rotation and low rank, 3 of
// gptq and 4 of flips. Seconds, of a block where a block is named.
constexpr double streamsSeconds = 1.8; // a block: both streams and their moments
constexpr double fitSeconds = 2.2;     // gptq and flips
constexpr double rotationSeconds = 1.3;
constexpr double lowRankSeconds = 0.8;
constexpr double remainingSeconds = 0.8; // target, store, clip
constexpr double selfTextSeconds = 32.0; // the whole text
constexpr double writeSeconds = 12.0;    // artifact and probe
constexpr double measuredCores = 2.0;
constexpr double measuredFileBytes = 98'362'432.0;
// Of `fast` with 32,768 tokens of a file and self-written text.
constexpr double measuredPeakBytes = 1.697e9;

// Presets on one H200 (docs/quality.md, "Presets on one H200"): seconds of the closed form of
// 65,536 tokens with its text and the files, of loading for a training, and of an epoch of block
// reconstruction; tokens a second of writing.
constexpr double h200ClosedForm = 24.0, h200Loading = 4.0, h200Epoch = 8.0, h200Writing = 2.1e5;
// While `balanced` trains: 2.03 GB on a CPU, 2.4 to 2.65 GB of the host beside an H200.
constexpr double trainingPeakCpu = 2.03e9, trainingPeakHost = 2.5e9;

double real(std::int64_t n) {
    return static_cast<double>(n);
}

std::int64_t groupOutputs(const ModelConfig& config, const InputGroup& group) {
    std::int64_t rows = 0;
    for (int i = 0; i < static_cast<int>(group.linears.size()); ++i)
        rows += config.linearOutputs(group.kind, i);
    return rows;
}

/// Operations of a run's parts, up to factors that the measured run fixes.
struct Work {
    double streams = 0.0, fit = 0.0, rotation = 0.0, lowRank = 0.0, remaining = 0.0, text = 0.0;

    Work(const ModelConfig& config, const QuantizeSettings& s) {
        const double tokens = real(s.tokens);
        for (const InputGroup& g : groups()) {
            const double m = real(config.groupInputs(g.kind)), n = real(groupOutputs(config, g));
            double layers = 0.0; // that are quantized
            for (std::int64_t block = 0; block < config.layers; ++block)
                layers += s.inFloat.holds(block, g.kind) ? 0.0 : 1.0;
            streams += layers * tokens * 4.0 * (n * m + m * m);
            if (s.metric == Metric::activation)
                fit += layers * (s.gptqRounds + s.flipRounds) * n * m * m;
            if (s.rotation == RotationKind::learned) {
                const auto [a, b] =
                    rotationFactors(s, g.kind, config.groupInputs(g.kind), groupOutputs(config, g));
                rotation += layers * s.oktRounds * n * m * (a + b);
            }
            if (effectiveRank(s, config.groupInputs(g.kind)) > 0)
                lowRank += layers * s.pspRounds * n * m * std::min(n, m);
            remaining += layers * (n * m * m + m * m * m);
        }
        if (s.calibration.ends_with("self"))
            text = real(config.parameters()) * tokens *
                   (s.calibration == "self" ? 1.0 : 1.0 - s.fileShare);
    }
};

double secondsOnMeasuredMachine(const ModelConfig& config, const QuantizeSettings& settings) {
    const ModelConfig& model = measuredModel();
    QuantizeSettings twoCores = settings;
    twoCores.threads = static_cast<int>(measuredCores);
    const Work known(model, QuantizeSettings()), asked(config, settings);
    const double blocks = real(model.layers);
    return blocks * (streamsSeconds * asked.streams / known.streams +
                     fitSeconds * asked.fit / known.fit +
                     rotationSeconds * asked.rotation / known.rotation +
                     lowRankSeconds * asked.lowRank / known.lowRank +
                     remainingSeconds * asked.remaining / known.remaining) +
           selfTextSeconds * asked.text / known.text +
           writeSeconds * real(config.parameters()) / real(model.parameters()) +
           refinementSecondsGuess(twoCores, config.parameters());
}

/// Half to full use of the cores beyond the two measured, and a quarter either way for the
/// processor. A larger model than the measured one widens the range on.
EstimateRange secondsRange(const ModelConfig& config, const QuantizeSettings& settings,
                           std::int64_t cores) {
    const double seconds = secondsOnMeasuredMachine(config, settings);
    const double share = measuredCores / real(std::max<std::int64_t>(cores, 1));
    const double ratio = real(config.parameters()) / real(measuredModel().parameters());
    const double distance = 1.0 + 0.1 * std::abs(std::log2(ratio));
    const double slow = share < 1.0 ? std::sqrt(share) : share;
    return {0.8 * seconds * share / distance, 1.25 * seconds * slow * distance};
}

/// On an H200; other GPUs are slower, which the range does not know.
EstimateRange h200Seconds(const ModelConfig& config, const QuantizeSettings& settings) {
    const double ratio = real(config.parameters()) / real(measuredModel().parameters());
    const auto read = real(settings.klTokens > 0 ? settings.klTokens : usualKlTokens(settings));
    const double text = settings.refinement == Refinement::none
                            ? 0.0
                            : h200Loading + std::min(read / 8.0, 16.8e6) / h200Writing;
    const double seconds =
        (h200ClosedForm + text + h200Epoch * settings.reconstructEpochs) * ratio +
        refinementSecondsGuess(settings, config.parameters());
    return {0.8 * seconds, 1.5 * seconds};
}

/// Of writing the calibration text: keys and values of all tokens, 2 GB at most, in float32 and the
/// whole model.
double textBytes(const ModelConfig& c, const QuantizeSettings& s, bool fastBfloat16) {
    if (!s.calibration.ends_with("self"))
        return 0.0;
    const double tokens = real(s.tokens) * (s.calibration == "self" ? 1.0 : 0.5);
    const double table = real(c.vocabulary * c.width);
    const double past = tokens * real(c.layers * c.kvHeads * c.headDim) * 2.0 * 4.0;
    return std::min(past, 2.0 * (1U << 30U)) + table * 4.0 +
           (real(c.decoderWeights()) + table) * (fastBfloat16 ? 2.0 : 4.0);
}

/// Of fitting a block: both streams before and after it, and the widest group's inputs and outputs.
double blockBytes(const ModelConfig& c, const QuantizeSettings& s, bool fastBfloat16) {
    double widest = 0.0, moments = 0.0;
    for (const InputGroup& g : groups()) {
        const double m = real(c.groupInputs(g.kind)), n = real(groupOutputs(c, g));
        widest = std::max(widest, 2.0 * (m + n) * real(s.tokens) * (fastBfloat16 ? 2.0 : 4.0));
        moments = std::max(moments, 6.0 * m * m * 8.0 + 6.0 * m * n * 4.0);
    }
    return 4.0 * real(s.tokens * c.width) * 4.0 + widest + moments +
           real(c.vocabulary * c.width) * 4.0;
}

double peakBytes(const ModelConfig& config, const QuantizeSettings& settings,
                 std::int64_t fileBytes, bool fastBfloat16) {
    const auto work = [](const ModelConfig& c, const QuantizeSettings& s, bool fast) {
        return std::max(textBytes(c, s, fast), blockBytes(c, s, fast));
    };
    QuantizeSettings known;
    known.tokens = 32'768;
    known.calibration = "text+self";
    const double libraries =
        measuredPeakBytes - measuredFileBytes - work(measuredModel(), known, true);
    const double closedForm = libraries + real(fileBytes) + work(config, settings, fastBfloat16);
    // Steps as short as those of `fast` need no more than the closed form.
    if (settings.refinement == Refinement::none ||
        (settings.device == "cpu" && settings.klStep > 0 && settings.klStep <= 128))
        return closedForm;
    const double trained = settings.device == "cpu" ? trainingPeakCpu : trainingPeakHost;
    const double ratio = real(config.parameters()) / real(measuredModel().parameters());
    return std::max(closedForm, libraries + real(fileBytes) +
                                    (trained - libraries - measuredFileBytes) * ratio);
}

ArtifactConfig artifactConfig(const ModelConfig& config, const QuantizeSettings& s) {
    ArtifactConfig artifact;
    artifact.activationBits = s.activationBits;
    artifact.tiedHead = config.tiedHead;
    for (const InputGroup& g : groups()) {
        const auto k = static_cast<std::size_t>(g.kind);
        const std::int64_t m = config.groupInputs(g.kind);
        for (std::int64_t block = 0; block < config.layers; ++block) {
            artifact.kept[k].push_back(s.inFloat.holds(block, g.kind));
            const bool none = artifact.kept[k].back() || s.rankBudget > 0.0;
            artifact.ranks[k].push_back(none ? 0 : effectiveRank(s, m));
        }
        if (s.rotation != RotationKind::none)
            artifact.factors[k] = rotationFactors(s, g.kind, m, groupOutputs(config, g));
    }
    return artifact;
}

void addBits(QuantizeEstimate& estimate, const ModelConfig& config, const QuantizeSettings& s) {
    estimate.ledger.weights = config.decoderWeights();
    for (const ArtifactTensor& tensor : artifactTensors(config, artifactConfig(config, s))) {
        if ((tensor.part == LedgerPart::columnScale && !s.columnScales) ||
            (tensor.part == LedgerPart::rowMean && !s.rowMeans))
            continue;
        const std::int64_t bytes = dtypeBytes(tensor.type, checkedElements(tensor.shape).value());
        charge(estimate.ledger, tensor.part, bytes);
        if (tensor.part == LedgerPart::other)
            estimate.embeddingBytes += bytes;
    }
    if (s.rankBudget > 0.0) // which the ranks fill
        estimate.ledger.lowRankBits = lowRankBits(config, s);
    estimate.linearBytes = estimate.ledger.linearBits() / 8;
    estimate.ledger.otherBits = estimate.embeddingBytes * 8;
}

} // namespace

Machine thisMachine() {
    Machine machine;
    machine.cores = physicalCores();
#if defined(__x86_64__)
    machine.fastBfloat16 = __builtin_cpu_supports("avx512bf16") != 0;
#else
    machine.fastBfloat16 = false;
#endif
    return machine;
}

QuantizeEstimate estimateQuantization(const ModelConfig& config, const QuantizeSettings& settings,
                                      std::int64_t fileBytes, const Machine& machine) {
    settings.inFloat.check(config.layers);
    QuantizeEstimate estimate;
    addBits(estimate, config, settings);
    const bool onProcessor = settings.device == "cpu";
    estimate.seconds =
        onProcessor ? secondsRange(config, settings, machine.cores) : h200Seconds(config, settings);
    estimate.measuredOn = onProcessor ? "2 cores" : "one H200";
    if (!onProcessor || settings.refinement != Refinement::signs) { // signs on a CPU: not measured
        const double peak = peakBytes(config, settings, fileBytes, machine.fastBfloat16);
        estimate.peakBytes = {0.85 * peak, 1.25 * peak};
    }
    estimate.diskBytes = estimate.linearBytes + estimate.tensorBytes();
    return estimate;
}

} // namespace bwla
