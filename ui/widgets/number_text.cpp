// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/number_text.h"

#include <QLocale>

#include <cmath>

namespace bwla::ui {
namespace {

constexpr QChar minus(0x2212);
constexpr QChar dash(0x2013);

QString withMinus(QString text) {
    return text.replace('-', minus);
}

} // namespace

QString numberText(double value, int decimals) {
    if (std::isnan(value))
        return dash;
    const QString text = QLocale().toString(value, 'f', decimals);
    const bool zero = std::abs(value) < 0.5 * std::pow(10.0, -decimals);
    return withMinus(zero && text.startsWith('-') ? text.mid(1) : text);
}

QString shortNumber(double value, int digits) {
    if (std::isnan(value))
        return dash;
    return withMinus(QLocale().toString(value, 'g', digits));
}

} // namespace bwla::ui
