// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/kl_refinement.h"

#include "core/error.h"
#include "core/quant/block_reconstruction.h"
#include "core/quant/float_model.h"
#include "core/quant/float_products.h"
#include "core/quant/fused_ops.h"
#include "core/quant/kl_state.h"
#include "core/quant/repeated_work.h"
#include "core/quant/teacher_rows.h"
#include "core/quant/trainable_model.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <chrono>
#include <cmath>

namespace bwla {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double warmUpShare = 0.02;    // of a run
constexpr std::int64_t stillSteps = 10; // of latents: Adam's first steps move all of them alike
/// At least. Steps of few tokens are for short runs, which with 31 spend a third of themselves; 11
/// diverged where low rank moved at its full rate.
constexpr std::int64_t warmUpSteps = 31, warmUpShortSteps = 15;
/// From here on low-rank factors move at their full rate. Below, noise moves them more than text
/// does: at 128 tokens a step a full rate with 31 steps of warm-up gives 105.7 and 107.3 (two
/// seeds), a quarter of it with 15 steps 102.4 and 99.2 (docs/quality.md).
constexpr double fullRateTokens = 2048.0;
constexpr double lastRate = 0.02;
constexpr double secondsBetweenStates = 60.0;
constexpr double shareBetweenHeldOut = 0.05; // of a run

double secondsSince(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

class KlRun {
public:
    KlRun(const ModelSource& source, const RefinedModel& start, const KlText& text,
          const KlSettings& settings)
        : repeated_(at::Device(settings.device), settings.recorded), settings_(settings),
          batch_(klBatch(settings, source.config())), place_{settings.device,
                                                             fastestType(settings.device),
                                                             settings.foldWeights.value_or(
                                                                 settings.device != "cpu")},
          pool_(text, settings.device), teacher_(source, place_, pool_), source_(source),
          student_(source, start, place_, batch_.window) {
        if (!settings.ownKernels)
            plain_.emplace();
        for (const auto* held : {&text.heldFile, &text.heldSelf})
            heldOut_.emplace_back(KlText{*held, {}, 1.0}, settings.device);
        const auto device = at::TensorOptions().device(at::Device(settings.device));
        ids_ = at::empty({batch_.windows, batch_.window}, device.dtype(at::kLong));
        teacherRows_ = at::empty({batch_.windows, batch_.window, source.config().width},
                                 device.dtype(place_.type));
        parameterRates_ = at::zeros({3}, device.dtype(at::kFloat));
        signRates_ = at::zeros_like(parameterRates_);
        sum_ = at::zeros({}, device.dtype(at::kFloat));
    }

    RefinedModel run(const std::filesystem::path& stateFile, const Sink<KlPoint>& sink,
                     const std::stop_token& stop, const Sink<ReconstructedBlock>& reconstructed) {
        if (settings_.reconstruction.epochs > 0)
            reconstruct(stateFile, reconstructed, stop);
        handOverParameters();
        progress_ = loadKlState(stateFile, parameters_, signs_);
        resumedAt_ = progress_.step;
        startedAt_ = pointAt_ = stateAt_ = Clock::now();
        const double secondsBefore = progress_.seconds;
        while (share() < 1.0) {
            if (stop.stop_requested() || secondsSince(stateAt_) > secondsBetweenStates) {
                if (!stateFile.empty())
                    saveKlState(stateFile, progress_, parameters_, signs_);
                throwIfStopped(stop);
                stateAt_ = Clock::now();
            }
            trainOneStep();
            progress_.seconds = secondsBefore + secondsSince(startedAt_);
            if (secondsSince(pointAt_) >= settings_.secondsBetweenPoints || share() >= 1.0)
                report(sink);
        }
        return student_.stored();
    }

private:
    /// A run that is taken up again needs only the signs: where they train they are in its state.
    void reconstruct(const std::filesystem::path& stateFile,
                     const Sink<ReconstructedBlock>& reconstructed, const std::stop_token& stop) {
        const std::filesystem::path folder = stateFile.parent_path();
        if (!std::filesystem::exists(stateFile))
            reconstructBlocks(source_, student_, place_, pool_, settings_, folder, reconstructed,
                              stop);
        else if (!settings_.signs && !restoreBlocks(source_, student_, place_, settings_, folder))
            throw Error(ErrorCode::notFound)
                .in(folder.string())
                .because("the state of block reconstruction is not there");
    }

    void handOverParameters() {
        TrainingRates rates;
        rates.rotations = settings_.rotationRate;
        if (shortSteps())
            rates.lowRank *= std::sqrt(static_cast<double>(stepTokens()) / fullRateTokens);
        student_.addTo(parameters_, rates);
        parameters_.pack();
        if (settings_.signs)
            student_.addTo(signs_, settings_.latentSpread);
        signs_.pack();
    }

    [[nodiscard]] std::int64_t stepTokens() const { return batch_.window * batch_.windows; }
    [[nodiscard]] bool shortSteps() const {
        return static_cast<double>(stepTokens()) < fullRateTokens;
    }

    /// Of the run that is done: of its minutes, or of its steps.
    [[nodiscard]] double share() const {
        if (settings_.minutes > 0.0)
            return progress_.seconds / (60.0 * settings_.minutes);
        const std::int64_t steps = settings_.tokens / stepTokens();
        return steps == 0 ? 1.0 : static_cast<double>(progress_.step) / static_cast<double>(steps);
    }

    [[nodiscard]] double rate() const {
        // Moments of latents are not kept, so a resumed run of theirs warms up again.
        const std::int64_t since = settings_.signs ? progress_.step - resumedAt_ : progress_.step;
        const std::int64_t steps =
            shortSteps() && !settings_.signs ? warmUpShortSteps : warmUpSteps;
        const double warm =
            std::min({1.0, static_cast<double>(since + 1) / static_cast<double>(steps),
                      share() / warmUpShare});
        return warm * cosineDecay(share(), lastRate);
    }

    [[nodiscard]] int bits() const {
        return share() >= 1.0 - settings_.quantizedShare ? settings_.activationBits : 16;
    }

    void trainOneStep() {
        const auto windows = pool_.draw(batch_.windows, settings_.seed, progress_.step);
        ids_.copy_(pool_.ids(windows));
        teacher_.write(windows, teacherRows_);
        const auto set = [](at::Tensor& rates, double rate, std::int64_t count) {
            rates.copy_(adamRates(rate, count), /*non_blocking=*/true);
        };
        set(parameterRates_, rate() * settings_.rateFactor,
            progress_.step - progress_.momentsSince + 1);
        const std::int64_t since = progress_.step - resumedAt_;
        set(signRates_, since < stillSteps ? 0.0 : rate() * settings_.latentRate, since + 1);
        repeated_(bits(), [this, bits = bits()] { compute(bits); });
        summed_ += stepTokens();
        ++progress_.step;
    }

    /// All that a step computes, from ids, teacher's rows and rates on the device.
    void compute(int bits) {
        const HeadInput student = student_(ids_, bits);
        const LogitKl kl =
            logitKl({teacherRows_.flatten(0, 1), teacher_.head()}, student, stepTokens());
        student.rows.backward(kl.gradient);
        parameters_.step(parameterRates_);
        signs_.step(signRates_);
        if (settings_.rotationRate > 0.0)
            student_.retract();
        const at::NoGradGuard noGrad;
        sum_.add_(kl.sum);
    }

    /// Nats a token; none where nothing was kept apart.
    [[nodiscard]] std::optional<double> heldOutKl(const WindowPool& held, int bits) const {
        if (held.size() == 0)
            return std::nullopt;
        const at::NoGradGuard noGrad;
        at::Tensor sum = at::zeros_like(sum_);
        for (std::int64_t first = 0; first < held.size(); first += batch_.windows) {
            std::vector<std::int64_t> some;
            for (std::int64_t i = first; i < std::min(held.size(), first + batch_.windows); ++i)
                some.push_back(i);
            const at::Tensor ids = held.ids(some);
            const HeadInput original{teacher_.of(ids).flatten(0, 1), teacher_.head()};
            sum.add_(logitKl(original, student_(ids, bits), stepTokens()).sum);
        }
        return sum.item<double>() / static_cast<double>(held.size() * held.tokens());
    }

    void report(const Sink<KlPoint>& sink) {
        const auto tokens = static_cast<double>(summed_);
        const double kl = sum_.item<double>() / tokens;
        if (!std::isfinite(kl))
            throw Error(ErrorCode::numeric).because("the refinement diverged");
        const std::int64_t read = progress_.step * stepTokens();
        const bool last = share() >= 1.0;
        const double all = static_cast<double>(read) / std::min(1.0, share());
        KlPoint point{read,
                      last ? read : std::llround(all),
                      kl,
                      tokens / secondsSince(pointAt_),
                      last ? signs_.flipped() : 0.0,
                      {},
                      {}};
        if (last || share() >= heldOutAt_ + shareBetweenHeldOut) {
            point.heldOutFile = heldOutKl(heldOut_[0], bits());
            point.heldOutSelf = heldOutKl(heldOut_[1], bits());
            heldOutAt_ = share();
        }
        sink(point);
        summed_ = 0;
        const at::NoGradGuard noGrad;
        sum_.zero_();
        pointAt_ = Clock::now();
    }

    RepeatedWork repeated_; // first: all that follows is made on its stream
    KlSettings settings_;
    KlBatch batch_;
    TrainingPlace place_;
    FloatProducts precision_{FloatProducts::fast};
    std::optional<WithoutFusedOps> plain_;
    WindowPool pool_;
    TeacherRows teacher_;
    std::vector<WindowPool> heldOut_; ///< of the file, self-written
    double heldOutAt_ = 0.0;          ///< share of the run
    const ModelSource& source_;
    TrainableModel student_;
    ParameterPool parameters_;
    LatentSigns signs_;
    at::Tensor ids_, teacherRows_; ///< (windows, window), (windows, window, width)
    at::Tensor parameterRates_, signRates_;
    KlProgress progress_;
    std::int64_t resumedAt_ = 0;
    at::Tensor sum_;          ///< of KL since the last point
    std::int64_t summed_ = 0; ///< tokens in sum_
    Clock::time_point startedAt_, pointAt_, stateAt_;
};

} // namespace

KlBatch klBatch(const KlSettings& settings, const ModelConfig& config) {
    const bool onCpu = settings.device == "cpu";
    // 512 tokens a step keep 2 cores busy; a GPU needs 16k to be bound by arithmetic.
    const std::int64_t step = settings.stepTokens > 0 ? settings.stepTokens : onCpu ? 512 : 16'384;
    const std::int64_t longest = settings.windowTokens > 0 ? settings.windowTokens
                                 : onCpu                   ? 512
                                                           : 2048;
    const std::int64_t window = std::min({step, longest, config.context});
    return {window, step / window};
}

RefinedModel refineByKl(const ModelSource& source, const RefinedModel& start, const KlText& text,
                        const KlSettings& settings, const std::filesystem::path& stateFile,
                        const Sink<KlPoint>& sink, std::stop_token stop,
                        const Sink<ReconstructedBlock>& reconstructed) {
    return KlRun(source, start, text, settings).run(stateFile, sink, stop, reconstructed);
}

} // namespace bwla
