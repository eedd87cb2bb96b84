// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/chat/kl_strip.h"

#include "ui/theme/theme.h"

#include <QKeyEvent>
#include <QPainter>

#include <algorithm>

namespace bwla::ui {
namespace {

constexpr int stripHeight = 28;
constexpr double widestBar = 8.0;

} // namespace

KlStrip::KlStrip(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
    setMouseTracking(true);
    setFocusPolicy(Qt::StrongFocus);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setToolTip(definition());
    connect(&theme_, &Theme::changed, this, qOverload<>(&QWidget::update));
}

QString KlStrip::definition() {
    return tr("KL divergence of each token: how far the quantized model's distribution of the next "
              "token is from the original's, sum of p ln(p / q) in nats, p the original's, q the "
              "quantized model's, both at temperature 1. Both read the same text: the quantized "
              "model's conversation and its answer up to the token; the original reads it after "
              "both have answered. 0 = the same distribution.");
}

QSize KlStrip::sizeHint() const {
    return {100, stripHeight};
}

void KlStrip::setValues(const std::vector<float>& nats, std::optional<std::size_t> difference) {
    nats_ = nats;
    difference_ = difference;
    chosen_.reset();
    double sum = 0.0;
    for (const float value : nats_)
        sum += static_cast<double>(value);
    setAccessibleName(nats_.empty() ? tr("KL per token: not compared")
                                    : tr("KL per token: %1 tokens, mean %2 nats")
                                          .arg(nats_.size())
                                          .arg(sum / static_cast<double>(nats_.size()), 0, 'f', 2));
    setVisible(!nats_.empty());
    update();
}

void KlStrip::choose(std::optional<std::size_t> token) {
    if (token && *token >= nats_.size())
        token.reset();
    if (token == chosen_)
        return;
    chosen_ = token;
    update();
    Q_EMIT tokenChosen(token);
}

void KlStrip::paintEvent(QPaintEvent*) {
    if (nats_.empty())
        return;
    QPainter painter(this);
    const Tokens& t = theme_.tokens();
    const QColor error = seriesStyle(Series::error, t).colour;
    const double step = std::min(widestBar, width() / static_cast<double>(nats_.size()));
    const double greatest = std::max(*std::max_element(nats_.begin(), nats_.end()), 1e-6F);
    const double base = height() - 2.0;
    for (std::size_t i = 0; i < nats_.size(); ++i) {
        const double high = std::max(1.0, (base - 2.0) * static_cast<double>(nats_[i]) / greatest);
        QColor colour = error;
        colour.setAlphaF(difference_ == i ? 1.0F : 0.62F);
        const double left = step * static_cast<double>(i);
        const QRectF bar(left, base - high, std::max(1.0, step - (step > 3 ? 1.5 : 0.0)), high);
        if (chosen_ == i) {
            painter.fillRect(QRectF(left, 0, bar.width(), base), t.sel);
            colour = t.accent;
        }
        painter.fillRect(bar, colour);
    }
    painter.setPen(QPen(hasFocus() ? t.accent : t.grid, hasFocus() ? 2 : 1));
    painter.drawLine(QPointF(0, base + 1), QPointF(width(), base + 1));
}

void KlStrip::mouseMoveEvent(QMouseEvent* event) {
    const double step = std::min(widestBar, width() / static_cast<double>(nats_.size()));
    const double at = event->position().x() / step;
    choose(at >= 0 ? std::optional(static_cast<std::size_t>(at)) : std::nullopt);
}

void KlStrip::leaveEvent(QEvent*) {
    choose(std::nullopt);
}

void KlStrip::focusOutEvent(QFocusEvent* event) {
    QWidget::focusOutEvent(event);
    choose(std::nullopt);
    update();
}

void KlStrip::keyPressEvent(QKeyEvent* event) {
    const std::size_t last = nats_.empty() ? 0 : nats_.size() - 1;
    if (event->modifiers() != Qt::NoModifier)
        return QWidget::keyPressEvent(event);
    switch (event->key()) {
    case Qt::Key_Left:
        return choose(chosen_ && *chosen_ > 0 ? *chosen_ - 1 : 0);
    case Qt::Key_Right:
        return choose(chosen_ ? std::min(last, *chosen_ + 1) : 0);
    case Qt::Key_Home:
        return choose(0);
    case Qt::Key_End:
        return choose(last);
    default:
        QWidget::keyPressEvent(event);
    }
}

} // namespace bwla::ui
