// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/kl_refinement.h"

#include "core/error.h"
#include "core/quant/float_model.h"
#include "core/quant/kl_state.h"
#include "core/quant/trainable_model.h"

#include <ATen/Context.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numbers>
#include <random>

namespace bwla {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t warmUpSteps = 31;
constexpr double lastRate = 0.05;
constexpr double secondsBetweenStates = 60.0;

double secondsSince(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Products of float32 weights at 10 bits of mantissa while it lives: they are made anew each step,
/// and bfloat16 would round a row's scale the same way for all its weights. No effect on a CPU.
class FasterFloatProducts {
public:
    FasterFloatProducts() { at::globalContext().setFloat32MatmulPrecision(std::string("high")); }
    ~FasterFloatProducts() {
        at::globalContext().setFloat32MatmulPrecision(std::string("highest"));
    }
    FasterFloatProducts(const FasterFloatProducts&) = delete;
    FasterFloatProducts& operator=(const FasterFloatProducts&) = delete;
};

/// The windows of one step depend on the seed and the step alone, so that a resumed run reads what
/// an undisturbed one would.
at::Tensor drawWindows(const KlText& text, std::int64_t count, std::uint64_t seed,
                       std::int64_t step) {
    std::seed_seq mixed{seed, seed >> 32U, static_cast<std::uint64_t>(step)};
    std::mt19937_64 random(mixed);
    std::vector<at::Tensor> rows;
    for (std::int64_t i = 0; i < count; ++i) {
        const double where = static_cast<double>(random() >> 11U) * 0x1p-53;
        const auto& pool = where < text.fileShare ? text.file : text.self;
        rows.push_back(at::tensor(pool[random() % pool.size()], at::kInt).to(at::kLong));
    }
    return at::stack(rows);
}

class KlRun {
public:
    KlRun(const ModelSource& source, const RefinedModel& start, const KlText& text,
          const KlSettings& settings)
        : text_(text), settings_(settings),
          batch_(klBatch(settings.device, source.config())), place_{settings.device,
                                                                    fastestType(settings.device),
                                                                    settings.foldWeights.value_or(
                                                                        settings.device != "cpu")},
          teacher_(source, place_, batch_.window), student_(source, start, place_, batch_.window) {
        student_.addTo(parameters_, {});
        parameters_.pack();
        if (settings.signs)
            student_.addTo(signs_, settings.latentSpread);
        signs_.pack();
    }

    RefinedModel run(const std::filesystem::path& stateFile, const Sink<KlPoint>& sink,
                     const std::stop_token& stop) {
        progress_ = loadKlState(stateFile, parameters_, signs_);
        resumedAt_ = progress_.step;
        if (progress_.steps == 0)
            progress_.steps = plannedSteps();
        pointAt_ = stateAt_ = Clock::now();
        while (progress_.step < progress_.steps) {
            if (stop.stop_requested()) {
                saveKlState(stateFile, progress_, parameters_, signs_);
                throw Cancelled();
            }
            if (secondsSince(stateAt_) > secondsBetweenStates) {
                saveKlState(stateFile, progress_, parameters_, signs_);
                stateAt_ = Clock::now();
            }
            trainOneStep();
            if (secondsSince(pointAt_) >= settings_.secondsBetweenPoints ||
                progress_.step == progress_.steps)
                report(sink);
        }
        return student_.stored();
    }

private:
    [[nodiscard]] std::int64_t stepTokens() const { return batch_.window * batch_.windows; }

    [[nodiscard]] int bitsAt(std::int64_t step) const {
        const bool late = static_cast<double>(step) >=
                          (1.0 - settings_.quantizedShare) * static_cast<double>(progress_.steps);
        return late ? settings_.activationBits : 16;
    }

    [[nodiscard]] double rateAt(std::int64_t step) const {
        // Moments of latents are not kept, so a resumed run of theirs warms up again.
        const std::int64_t since = settings_.signs ? step - resumedAt_ : step;
        const double warm =
            std::min(1.0, static_cast<double>(since + 1) / static_cast<double>(warmUpSteps));
        const double share = static_cast<double>(step) / static_cast<double>(progress_.steps);
        return warm *
               (lastRate + (1.0 - lastRate) * 0.5 * (1.0 + std::cos(std::numbers::pi * share)));
    }

    /// Sum of KL over the step's tokens; gradients are left in the pools.
    at::Tensor accumulate(std::int64_t step, int bits) {
        const at::Tensor ids = drawWindows(text_, batch_.windows, settings_.seed, step)
                                   .to(at::Device(settings_.device));
        const HeadInput student = student_(ids, bits);
        const LogitKl kl = logitKl(teacher_(ids), student, stepTokens());
        student.rows.backward(kl.gradient);
        return kl.sum;
    }

    void trainOneStep() {
        const std::int64_t step = progress_.step;
        const at::Tensor sum = accumulate(step, bitsAt(step));
        const double rate = rateAt(step);
        parameters_.step(rate, step + 1);
        signs_.step(rate * settings_.latentRate, step + 1 - resumedAt_);
        sum_ = summed_ == 0 ? sum : sum_ + sum;
        summed_ += stepTokens();
        ++progress_.step;
    }

    /// Seconds of a step that changes nothing (rate 0), the second of two.
    double timedStep(int bits) {
        Clock::time_point start;
        for (int i = 0; i < 2; ++i) {
            start = Clock::now();
            (void)accumulate(i, bits).item<float>();
            parameters_.forget();
            signs_.forget();
        }
        return secondsSince(start);
    }

    std::int64_t plannedSteps() {
        if (settings_.minutes <= 0.0)
            return settings_.tokens / stepTokens();
        const double share = settings_.activationBits < 16 ? settings_.quantizedShare : 0.0;
        const double mean = (1.0 - share) * timedStep(16) +
                            (share > 0.0 ? share * timedStep(settings_.activationBits) : 0.0);
        return std::max<std::int64_t>(1,
                                      static_cast<std::int64_t>(settings_.minutes * 60.0 / mean));
    }

    void report(const Sink<KlPoint>& sink) {
        const auto tokens = static_cast<double>(summed_);
        const double kl = sum_.item<double>() / tokens;
        if (!std::isfinite(kl))
            throw Error(ErrorCode::numeric).because("the refinement diverged");
        const bool last = progress_.step == progress_.steps;
        sink({progress_.step * stepTokens(), progress_.steps * stepTokens(), kl,
              tokens / secondsSince(pointAt_), last ? signs_.flipped() : 0.0});
        summed_ = 0;
        pointAt_ = Clock::now();
    }

    const KlText& text_;
    KlSettings settings_;
    KlBatch batch_;
    TrainingPlace place_;
    FasterFloatProducts faster_;
    TeacherModel teacher_;
    TrainableModel student_;
    ParameterPool parameters_;
    LatentSigns signs_;
    KlProgress progress_;
    std::int64_t resumedAt_ = 0;
    at::Tensor sum_;
    std::int64_t summed_ = 0; ///< tokens in sum_
    Clock::time_point pointAt_, stateAt_;
};

} // namespace

KlBatch klBatch(const std::string& device, const ModelConfig& config) {
    // 512 tokens a step keep 2 cores busy; a GPU needs 16k to be bound by arithmetic.
    const KlBatch wanted = device == "cpu" ? KlBatch{512, 1} : KlBatch{2048, 8};
    const std::int64_t window = std::min(wanted.window, config.context);
    return {window, wanted.window * wanted.windows / window};
}

RefinedModel refineByKl(const ModelSource& source, const RefinedModel& start, const KlText& text,
                        const KlSettings& settings, const std::filesystem::path& stateFile,
                        const Sink<KlPoint>& sink, std::stop_token stop) {
    return KlRun(source, start, text, settings).run(stateFile, sink, stop);
}

} // namespace bwla
