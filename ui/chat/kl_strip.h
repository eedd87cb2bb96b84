// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include <optional>
#include <vector>

namespace bwla::ui {

class Theme;

/// One bar a token: how far the quantized model's next-token distribution was from the original's.
/// Pointer or Left/Right (with focus) choose a token.
class KlStrip : public QWidget {
    Q_OBJECT

public:
    explicit KlStrip(Theme& theme, QWidget* parent = nullptr);
    /// Nats; `difference` = first token that differs.
    void setValues(const std::vector<float>& nats, std::optional<std::size_t> difference);
    [[nodiscard]] std::optional<std::size_t> chosen() const { return chosen_; }
    void choose(std::optional<std::size_t> token);
    [[nodiscard]] std::size_t count() const { return nats_.size(); }
    /// What a bar is and how it is computed.
    [[nodiscard]] static QString definition();
    [[nodiscard]] QSize sizeHint() const override;

Q_SIGNALS:
    void tokenChosen(std::optional<std::size_t> token);

protected:
    void paintEvent(QPaintEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    Theme& theme_;
    std::vector<float> nats_;
    std::optional<std::size_t> difference_, chosen_;
};

} // namespace bwla::ui
