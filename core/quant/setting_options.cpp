// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/setting_options.h"

#include "core/error.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace bwla {
namespace {

using S = QuantizeSettings;

constexpr double anySeed = 18'446'744'073'709'551'616.0; // 2^64

constexpr std::array<NumberOption, 26> all{{
    {"--activation-budget", &S::activationBudget, 4, 8, false, true},
    {"--okt-rounds", &S::oktRounds, 0, 1000},
    {"--target-mix", &S::targetMix, 0, 1},
    {"--target-shrinkage", &S::targetShrinkage, 0, 1},
    {"--shrinkage", &S::shrinkage, 0, 1},
    {"--rank", &S::rank, -1, 512},
    {"--rank-budget", &S::rankBudget, 1, 4, true, true},
    {"--psp-rounds", &S::pspRounds, 0, 1000},
    {"--gptq-rounds", &S::gptqRounds, 0, 100},
    {"--flip-rounds", &S::flipRounds, 0, 100},
    {"--reconstruct", &S::reconstructEpochs, 0, 1000},
    {"--reconstruct-tokens", &S::reconstructTokens, 0, 100e6},
    {"--reconstruct-step", &S::reconstructStep, 0, 1e6},
    {"--reconstruct-rate", &S::reconstructRate, 0, 1},
    {"--kl-tokens", &S::klTokens, 0, 10e9},
    {"--kl-minutes", &S::klMinutes, 0, 10'000},
    {"--kl-step", &S::klStep, 0, 1e6},
    {"--kl-window", &S::klWindow, 0, 1e6},
    {"--latent-spread", &S::latentSpread, 0, 1, true},
    {"--latent-rate", &S::latentRate, 0, 1, true},
    {"--rotation-rate", &S::rotationRate, 0, 1},
    {"--kl-rate", &S::klRate, 0, 100, true},
    {"--tokens", &S::tokens, 256, 4e6},
    {"--file-share", &S::fileShare, 0, 1},
    {"--seed", &S::seed, 0, anySeed},
    {"--threads", &S::threads, 0, 1024},
}};

std::string shortest(auto value) {
    std::array<char, 32> buffer{};
    return {buffer.data(), std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr};
}

bool allows(const NumberOption& option, double value) {
    if (option.orZero && value == 0.0)
        return true;
    return (option.aboveLeast ? value > option.least : value >= option.least) &&
           value <= option.most;
}

/// "between 4 and 8, or 0 for none"
std::string limits(const NumberOption& option) {
    const auto text = [](double value) {
        return value == std::floor(value) ? shortest(static_cast<std::int64_t>(value))
                                          : shortest(value);
    };
    return (option.aboveLeast ? "above " + text(option.least) + " and at most "
                              : "between " + text(option.least) + " and ") +
           text(option.most) + (option.orZero ? ", or 0 for none" : "");
}

} // namespace

bool NumberOption::whole() const {
    return !std::holds_alternative<double QuantizeSettings::*>(member);
}

double NumberOption::of(const QuantizeSettings& settings) const {
    return std::visit([&](auto m) { return static_cast<double>(settings.*m); }, member);
}

void NumberOption::set(QuantizeSettings& settings, double value) const {
    std::visit(
        [&](auto m) { settings.*m = static_cast<std::decay_t<decltype(settings.*m)>>(value); },
        member);
}

std::string NumberOption::text(const QuantizeSettings& settings) const {
    return std::visit([&](auto m) { return shortest(settings.*m); }, member);
}

void NumberOption::check(const QuantizeSettings& settings) const {
    if (!allows(*this, of(settings)))
        throw Error(ErrorCode::badArgument)
            .because(std::string(name) + " must be " + limits(*this) + ", not " + text(settings) +
                     ".");
}

std::span<const NumberOption> numberOptions() {
    return all;
}

const NumberOption& numberOption(std::string_view name) {
    return *std::ranges::find(all, name, &NumberOption::name);
}

} // namespace bwla
