// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/training_step_check.h"

#include "core/quant/float_products.h"
#include "core/quant/fused_ops.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <map>
#include <optional>

namespace bwla {
namespace {

struct Step {
    double kl = 0.0;
    std::map<std::string, at::Tensor> gradients; ///< of a kind of parameter, flat, double
};

Step stepOf(const ModelSource& source, const RefinedModel& start, const HeadInput& teacher,
            const at::Tensor& ids, const TrainingPlace& place, int bits) {
    const TrainableModel model(source, start, place, ids.size(1));
    const std::vector<NamedLeaf> leaves = model.leaves();
    for (const NamedLeaf& part : leaves)
        part.leaf.requires_grad_(true);
    const HeadInput student = model(ids, bits);
    const LogitKl kl =
        logitKl({teacher.rows.to(place.type), teacher.head.to(place.type)}, student, ids.numel());
    student.rows.backward(kl.gradient);
    std::map<std::string, std::vector<at::Tensor>> gradients;
    for (const NamedLeaf& part : leaves)
        if (part.leaf.grad().defined()) // at A6 the column scale of a kept group has none
            gradients[part.kind].push_back(part.leaf.grad().flatten().to(at::kDouble));
    Step step{kl.sum.item<double>() / static_cast<double>(ids.numel()), {}};
    for (const auto& [kind, parts] : gradients)
        step.gradients[kind] = at::cat(parts);
    return step;
}

/// How gradients relate: angle and length.
struct Nearness {
    double cosine, length;
};

Nearness nearness(const at::Tensor& x, const at::Tensor& exact) {
    const double own = x.norm().item<double>(), wanted = exact.norm().item<double>();
    return {at::dot(x, exact).item<double>() / (own * wanted), own / wanted};
}

template<class... Numbers>
std::string printed(const char* pattern, Numbers... numbers) {
    std::array<char, 160> text{};
    std::snprintf(text.data(), text.size(), pattern, numbers...);
    return text.data();
}

} // namespace

void checkTrainingStep(const ModelSource& source, const RefinedModel& start, const at::Tensor& ids,
                       const TrainingPlace& place, int bits, const std::string& name,
                       const std::function<void(TrainingCheck)>& found) {
    const HeadInput teacher = [&] {
        const TeacherModel model(source, place, ids.size(1));
        return HeadInput{model(ids).rows, model.head()};
    }();
    const auto by = [&](at::ScalarType type, bool ownKernels) {
        std::optional<WithoutFusedOps> plain;
        if (!ownKernels)
            plain.emplace();
        const FloatProducts precision(type == at::kFloat ? FloatProducts::exact
                                                         : FloatProducts::fast);
        return stepOf(source, start, teacher, ids, {place.device, type, place.manyRows}, bits);
    };
    const Step own = by(place.type, true), torch = by(place.type, false),
               exact = by(at::kFloat, false);
    const auto klError = [&](const Step& step) { return std::abs(step.kl / exact.kl - 1.0); };
    // At A6 a rounding that falls the other way changes the KL, whoever computes it.
    const double slack = bits < 16 ? 5e-3 : 1e-3;
    found({name + ": KL", klError(own) <= 1.25 * klError(torch) + slack, klError(own),
           printed("%.5f, libtorch %.5f, float32 %.5f", own.kl, torch.kl, exact.kl)});
    for (const auto& [kind, wanted] : exact.gradients) {
        const Nearness ours = nearness(own.gradients.at(kind), wanted),
                       theirs = nearness(torch.gradients.at(kind), wanted),
                       both = nearness(own.gradients.at(kind), torch.gradients.at(kind));
        const bool ok = 1.0 - ours.cosine <= 1.25 * (1.0 - theirs.cosine) + 1e-3 &&
                        std::abs(ours.length - 1.0) <= std::abs(theirs.length - 1.0) + 0.02;
        found({name + ": gradient of " + kind, ok, 1.0 - ours.cosine,
               printed("cosine %.5f, libtorch %.5f, of both %.5f; length %.4f, libtorch %.4f",
                       ours.cosine, theirs.cosine, both.cosine, ours.length, theirs.length)});
    }
}

} // namespace bwla
