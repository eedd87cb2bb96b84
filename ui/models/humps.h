// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

namespace bwla::ui {

class Theme;

/// The drawing of the first run: one bell, an arrow, two bells.
class Humps : public QWidget {
    Q_OBJECT

public:
    explicit Humps(Theme& theme, QWidget* parent = nullptr);
    [[nodiscard]] QSize sizeHint() const override { return {560, 136}; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    Theme& theme_;
};

} // namespace bwla::ui
