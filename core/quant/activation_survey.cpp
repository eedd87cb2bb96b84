// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/activation_survey.h"

#include "core/job/job.h"
#include "core/model/half.h"
#include "core/quant/activation_quantizer.h"
#include "core/quant/gradient_walk.h"
#include "core/quant/stored_linear.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace bwla {
namespace {

// Rounding errors are near to independent: a thousand tokens tell a group's loss to a few percent.
constexpr std::int64_t surveyTokens = 2048, everyToken = 2;
constexpr std::size_t bitChoices = budgetActivationBits.size();
using Losses = std::array<std::array<double, clipChoices.size()>, bitChoices>; ///< of a group

at::Tensor gain(const std::vector<float>& values, const std::string& device) {
    return at::tensor(values, at::kFloat).to(at::Device(device));
}

std::vector<StoredLinear> linearsOf(const QuantizedBlock& block, const std::string& device) {
    std::vector<StoredLinear> linears;
    for (const QuantizedGroup& group : block.groups)
        linears.emplace_back(group, device);
    return linears;
}

GradientWalk::Block walked(const QuantizedBlock& block, const std::string& device) {
    return {gain(block.attnNorm, device), gain(block.mlpNorm, device),
            [linears = linearsOf(block, device)](GroupKind kind, const at::Tensor& rows) {
                return linears[static_cast<std::size_t>(kind)](rows);
            }};
}

/// Adds 1/2 (g W e)^2 of each token, e what rounding x'' does: each candidate costs an elementwise
/// product, since g W is the same for all.
void add(Losses& losses, const StoredLinear& linear, const at::Tensor& x, const at::Tensor& g) {
    const at::Tensor prepared = linear.prepare(x), pull = at::matmul(g, linear.weight());
    for (std::size_t i = 0; i < bitChoices; ++i)
        for (std::size_t c = 0; c < clipChoices.size(); ++c) {
            const at::Tensor rounded =
                quantizeRows(Matrix(prepared), budgetActivationBits[i], clipChoices[c]).tensor();
            losses[i][c] +=
                0.5 * ((rounded - prepared) * pull).sum(1).square().sum(at::kDouble).item<double>();
        }
}

} // namespace

ActivationSurvey surveyActivations(const ModelSource& source, const RefinedModel& model,
                                   const Calibration& calibration, const QuantizeSettings& settings,
                                   const std::function<void(double)>& progress,
                                   const std::stop_token& stop) {
    const std::size_t layers = model.blocks.size();
    double done = 0.0;
    const auto advance = [&](double blocks) {
        throwIfStopped(stop);
        done += blocks / (5.0 * static_cast<double>(layers));
        progress(std::min(done, 1.0));
    };
    GradientWalk walk(
        source, calibration, surveyTokens, settings.device, at::kFloat, [&](std::int64_t layer) {
            return walked(model.blocks[static_cast<std::size_t>(layer)], settings.device);
        });
    walk.forward(gain(model.finalNorm, settings.device), [&] { advance(1.0); });
    ActivationSurvey survey{RoundingLoss(layers), {}};
    survey.clips.resize(layers);
    for (std::size_t layer = layers; layer-- > 0;) {
        const QuantizedBlock& block = model.blocks[layer];
        const std::vector<StoredLinear> linears = linearsOf(block, settings.device);
        std::array<Losses, groupCount> losses{};
        double tokens = 0.0;
        walk.back([&](GroupKind kind, const at::Tensor& x, const at::Tensor& gradient) {
            const auto k = static_cast<std::size_t>(kind);
            const auto some = [](const at::Tensor& rows) {
                return rows.slice(0, 0, rows.size(0), everyToken).contiguous();
            };
            const at::Tensor inputs = some(x);
            if (!block.groups[k].isKept())
                add(losses[k], linears[k], inputs, some(gradient));
            tokens += kind == GroupKind::attnIn ? static_cast<double>(inputs.size(0)) : 0.0;
        });
        for (std::size_t k = 0; k < groupCount; ++k) {
            if (block.groups[k].isKept())
                continue;
            auto& loss = survey.loss[layer][k].emplace();
            for (std::size_t i = 0; i < bitChoices; ++i) {
                const auto least = std::ranges::min_element(losses[k][i]);
                loss[i] = *least / tokens;
                survey.clips[layer][k][i] =
                    clipChoices[static_cast<std::size_t>(least - losses[k][i].begin())];
            }
        }
        advance(4.0);
    }
    return survey;
}

void setClips(RefinedModel& model, const ActivationSurvey& survey, const ActivationBits& bits) {
    for (std::size_t layer = 0; layer < model.blocks.size(); ++layer)
        for (std::size_t k = 0; k < groupCount; ++k) {
            const auto choice = std::ranges::find(budgetActivationBits, bits[k][layer]);
            if (choice == budgetActivationBits.end())
                continue; // kept in float
            const auto i = static_cast<std::size_t>(choice - budgetActivationBits.begin());
            const auto clip = static_cast<float>(survey.clips[layer][k][i]);
            model.blocks[layer].groups[k].inputClip.fill(floatToHalf(clip));
        }
}

} // namespace bwla
