#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Does nothing. Tests put it in another shader's place (VulkanMask::idleShader), to see that a kernel
// whose results are wrong is found and done without.
layout(local_size_x_id = 0, local_size_y = 1, local_size_z = 1) in;

void main() {}
