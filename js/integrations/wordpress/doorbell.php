<?php
/**
 * Plugin Name: Doorbell
 * Description: Puts the Doorbell snippet on every page of the site.
 * Version: 0.1.0
 * Requires at least: 6.1
 * Requires PHP: 7.4
 * License: MIT
 */

defined( 'ABSPATH' ) || exit;

const DOORBELL_OPTIONS = array(
	'doorbell_url'     => 'Address of Doorbell, as in https://bell.example.com',
	'doorbell_site'    => 'Key of the site',
	'doorbell_consent' => 'Consent',
);

const DOORBELL_CONSENTS = array(
	'cookieless' => 'Cookieless: nothing is stored before the visitor agrees',
	'required'   => 'Required: nothing is sent before the visitor agrees',
	'granted'    => 'Granted: a cookie from the first page view',
);

add_action( 'wp_enqueue_scripts', 'doorbell_enqueue' );
add_filter( 'script_loader_tag', 'doorbell_attributes', 10, 2 );
add_action( 'admin_init', 'doorbell_register' );
add_action( 'admin_menu', 'doorbell_menu' );

function doorbell_enqueue() {
	$url = get_option( 'doorbell_url' );
	// People who write the site are no visitors of it.
	if ( ! $url || ! get_option( 'doorbell_site' ) || current_user_can( 'edit_posts' ) ) {
		return;
	}
	wp_enqueue_script( 'doorbell', untrailingslashit( $url ) . '/s/v.js', array(), null );
}

function doorbell_attributes( $tag, $handle ) {
	if ( 'doorbell' !== $handle ) {
		return $tag;
	}
	$site    = esc_attr( get_option( 'doorbell_site' ) );
	$consent = esc_attr( doorbell_clean_consent( get_option( 'doorbell_consent' ) ) );
	return str_replace( '<script ', "<script defer data-site=\"$site\" data-consent=\"$consent\" ", $tag );
}

function doorbell_register() {
	add_settings_section( 'doorbell', '', '__return_null', 'doorbell' );
	foreach ( DOORBELL_OPTIONS as $name => $label ) {
		register_setting( 'doorbell', $name, array( 'sanitize_callback' => str_replace( '_', '_clean_', $name ) ) );
		add_settings_field( $name, $label, 'doorbell_field', 'doorbell', 'doorbell', array( 'name' => $name, 'label_for' => $name ) );
	}
}

function doorbell_clean_url( $value ) {
	return esc_url_raw( trim( $value ), array( 'https', 'http' ) );
}

function doorbell_clean_site( $value ) {
	return preg_replace( '/[^\w-]/', '', $value );
}

function doorbell_clean_consent( $value ) {
	$consent = $value ?: 'cookieless';
	// A word we do not know must not open anything.
	return isset( DOORBELL_CONSENTS[ $consent ] ) ? $consent : 'required';
}

function doorbell_field( $field ) {
	$name  = esc_attr( $field['name'] );
	$value = get_option( $field['name'], '' );
	if ( 'doorbell_consent' !== $name ) {
		printf( '<input id="%1$s" name="%1$s" class="regular-text" value="%2$s">', $name, esc_attr( $value ) );
		return;
	}
	echo "<select id=\"$name\" name=\"$name\">";
	foreach ( DOORBELL_CONSENTS as $consent => $label ) {
		printf( '<option value="%s"%s>%s</option>', $consent, selected( $value, $consent, false ), esc_html( $label ) );
	}
	echo '</select>';
}

function doorbell_menu() {
	add_options_page( 'Doorbell', 'Doorbell', 'manage_options', 'doorbell', 'doorbell_page' );
}

function doorbell_page() {
	echo '<div class="wrap"><h1>Doorbell</h1><form method="post" action="options.php">';
	settings_fields( 'doorbell' );
	do_settings_sections( 'doorbell' );
	submit_button();
	echo '</form></div>';
}
