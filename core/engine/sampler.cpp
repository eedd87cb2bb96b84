// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/engine/sampler.h"

#include "core/error.h"

#include <algorithm>
#include <cmath>

namespace bwla {
namespace {

void require(bool sound, const char* sentence) {
    if (!sound)
        throw Error(ErrorCode::badArgument).because(sentence);
}

/// Uniform in [0, 1), from the upper 53 bits.
double uniform(std::mt19937_64& random) {
    return static_cast<double>(random() >> 11) * 0x1.0p-53;
}

double distance(float logit, float greatest) {
    return static_cast<double>(logit) - static_cast<double>(greatest);
}

} // namespace

Sampler::Sampler(const SamplerSettings& settings) : settings_(settings), random_(settings.seed) {
    require(std::isfinite(settings.temperature) && settings.temperature >= 0,
            "The temperature must be 0 or more.");
    require(settings.topK >= 0, "Top-k must be 0 or more.");
    require(settings.topP > 0 && settings.topP <= 1, "Top-p must be above 0 and at most 1.");
    require(settings.minP >= 0 && settings.minP < 1, "Min-p must be at least 0 and below 1.");
    require(std::isfinite(settings.repeatPenalty) && settings.repeatPenalty > 0,
            "The repeat penalty must be above 0.");
    require(settings.repeatWindow >= 0, "The repeat window must be 0 or more.");
}

Sampler::Sampler(double temperature, std::uint64_t seed)
    : Sampler(SamplerSettings{.temperature = temperature, .seed = seed}) {}

/// A total order, so that every standard library sorts alike.
bool Sampler::likelier(const Candidate& a, const Candidate& b) {
    return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
}

void Sampler::add(float logit, std::int32_t id) {
    const bool isNumber = std::isfinite(logit) || (std::isinf(logit) && logit < 0);
    if (!isNumber)
        throw Error(ErrorCode::numeric).because("the logit of token " + std::to_string(id));
    candidates_.push_back({logit, id});
}

std::int32_t Sampler::sample(std::span<const float> logits, std::span<const std::int32_t> history) {
    candidates_.clear();
    for (std::size_t i = 0; i < logits.size(); ++i)
        add(logits[i], static_cast<std::int32_t>(i));
    return choose(history);
}

int Sampler::likeliestWanted(std::int64_t vocabulary) const {
    if (settings_.repeatPenalty < 1 || (settings_.temperature > 0 && settings_.topK == 0))
        return 0; // any token may come up
    // A penalty moves recent tokens down: as many others may take their places.
    const std::int64_t count = (settings_.temperature == 0 ? 1 : settings_.topK) +
                               (settings_.repeatPenalty > 1 ? settings_.repeatWindow : 0);
    return count <= mostLikeliest && 4 * count < vocabulary ? static_cast<int>(count) : 0;
}

std::int32_t Sampler::sample(std::span<const TokenLogit> likeliest,
                             std::span<const std::int32_t> history) {
    candidates_.clear();
    for (const TokenLogit& token : likeliest)
        add(token.logit, token.id);
    return choose(history);
}

std::int32_t Sampler::choose(std::span<const std::int32_t> history) {
    penalize(history);
    std::erase_if(candidates_, [](const Candidate& c) { return std::isinf(c.logit); });
    if (candidates_.empty())
        throw Error(ErrorCode::numeric).because("no logit is a number to choose a token by");
    if (settings_.temperature == 0)
        return std::min_element(candidates_.begin(), candidates_.end(), likelier)->id;
    keepTopK();
    keepTopP();
    keepMinP();
    return draw();
}

/// Keskar et al. 2019 (CTRL), section 4.1, with the sign rule that transformers and llama.cpp use.
void Sampler::penalize(std::span<const std::int32_t> history) {
    if (settings_.repeatPenalty == 1.0)
        return;
    const auto window = std::min(history.size(), static_cast<std::size_t>(settings_.repeatWindow));
    const auto recent = history.last(window);
    std::vector<std::int32_t> ids(recent.begin(), recent.end());
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    const auto penalty = static_cast<float>(settings_.repeatPenalty);
    for (const std::int32_t id : ids) {
        const auto index = static_cast<std::size_t>(id); // where all tokens are candidates
        const auto found = index < candidates_.size() && candidates_[index].id == id
                               ? candidates_.begin() + id
                               : std::ranges::find(candidates_, id, &Candidate::id);
        if (found == candidates_.end())
            continue;
        float& logit = found->logit;
        logit = logit > 0 ? logit / penalty : logit * penalty;
    }
}

void Sampler::keepTopK() {
    const auto count = static_cast<std::size_t>(settings_.topK);
    if (count == 0 || count > candidates_.size())
        return;
    std::partial_sort(candidates_.begin(), candidates_.begin() + static_cast<std::ptrdiff_t>(count),
                      candidates_.end(), likelier);
    candidates_.resize(count);
}

void Sampler::keepTopP() {
    if (settings_.topP >= 1)
        return;
    const float greatest = greatestLogit();
    double total = 0.0;
    for (const Candidate& candidate : candidates_)
        total += std::exp(distance(candidate.logit, greatest));
    // A heap, since few of many candidates are taken: of 49,152, some hundred.
    const auto later = [](const Candidate& a, const Candidate& b) { return likelier(b, a); };
    std::make_heap(candidates_.begin(), candidates_.end(), later);
    std::vector<Candidate> kept;
    for (double mass = 0.0; !candidates_.empty() && mass < settings_.topP * total;) {
        std::pop_heap(candidates_.begin(), candidates_.end(), later);
        kept.push_back(candidates_.back());
        candidates_.pop_back();
        mass += std::exp(distance(kept.back().logit, greatest));
    }
    candidates_ = std::move(kept);
}

void Sampler::keepMinP() {
    if (settings_.minP <= 0)
        return;
    const float greatest = greatestLogit();
    const double lowest = std::log(settings_.minP);
    std::erase_if(candidates_,
                  [&](const Candidate& c) { return distance(c.logit, greatest) < lowest; });
}

float Sampler::greatestLogit() const {
    return std::min_element(candidates_.begin(), candidates_.end(), likelier)->logit;
}

std::int32_t Sampler::draw() {
    const float greatest = greatestLogit();
    weights_.clear();
    double total = 0.0;
    for (const Candidate& candidate : candidates_) {
        weights_.push_back(std::exp(distance(candidate.logit, greatest) / settings_.temperature));
        total += weights_.back();
    }
    double rest = uniform(random_) * total;
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
        rest -= weights_[i];
        if (rest < 0)
            return candidates_[i].id;
    }
    // Rounding left a crumb of `rest`.
    return std::min_element(candidates_.begin(), candidates_.end(), likelier)->id;
}

} // namespace bwla
